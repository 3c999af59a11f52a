// The three ways a run is clocked. A tick means something else in each, so they never share a column.
import type { Timer } from './board.ts';

export const lenses = ['cycles', 'instructions', 'emulated'] as const;
export type Lens = (typeof lenses)[number];

/** What a sample counts in each lens; `null` where a tick counts nothing that may be published. */
export type Unit = 'cycles' | 'instructions' | null;

interface LensRecord {
  readonly unit: Unit;
  /** One sentence for reports. */
  readonly meaning: string;
  /** QEMU's -accel, and what belongs to it. */
  readonly accelerator: readonly string[];
  /** QEMU's -cpu. Named, never `max`: that one differs between QEMU versions. */
  readonly cpu: string;
  readonly cpus: number;
  /** QEMU's -rtc. */
  readonly rtc: string;
  /** Whose time of day a guest has: the host's, or one that is the same in every run. */
  readonly calendar: 'host' | 'fixed';
  /** Words for the guest's kernel that belong to the lens, by what the board gives it for a timer. */
  readonly cmdline: Readonly<Record<Timer, string>>;
  /**
   * The kernel is told how fast the host's TSC goes, where the host knows. By itself it finds that out only
   * with luck (to compare with, `microvm` has the PIT alone, whose ports must be read quicker than most hosts
   * emulate them: quick_pit_calibrate), and without it time goes in ticks of 10 ms.
   */
  readonly tellsTscRate: boolean;
  /** Pin each virtual CPU to a host CPU of its own. */
  readonly pinned: boolean;
  /** From spawn to the agent's hello, milliseconds: beyond it a guest has not booted. Generous for a loaded host. */
  readonly bootDeadlineMs: number;
  /** A spec that says no other limit is hung after so many milliseconds without any event. */
  readonly silenceDeadlineMs: number;
}

// K8 as every x86-64 program expects it, with what kernels of today use at the border: SMAP's stac and clac around
// each user copy, rdtscp, FSGSBASE. Without ERMS and FSRM on purpose: `rep movsb` would count one per byte, which no
// hardware does; without them the kernel copies with `rep movsq`, one per eight bytes. Random numbers come from rdrand
// so that entropy needs no waiting.
const emulatedCpu =
  'qemu64-v1,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdtscp,+fsgsbase,+smep,+smap,+rdrand,+rdseed,+movbe,+bmi1,+bmi2,+adx';

export const lensRecords: Record<Lens, LensRecord> = {
  cycles: {
    unit: 'cycles',
    meaning: 'KVM, invariant TSC, pinned virtual CPUs: a tick is one TSC reference cycle',
    accelerator: ['-accel', 'kvm'],
    // The host's own model: any other would trap or hide what is measured. invtsc is refused by QEMU when migratable.
    cpu: 'host,migratable=off,+invtsc',
    cpus: 2,
    rtc: 'base=utc,clock=host',
    calendar: 'host',
    cmdline: { pit: '', lapic: '' },
    tellsTscRate: false,
    pinned: true,
    bootDeadlineMs: 30_000,
    silenceDeadlineMs: 120_000,
  },
  instructions: {
    unit: 'instructions',
    meaning:
      'QEMU TCG with -icount, one virtual CPU: a tick is one guest instruction, the same on every host',
    // sleep=on: with it an idle guest's clock follows real time instead of racing through its own time-outs.
    accelerator: ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=on'],
    cpu: emulatedCpu,
    cpus: 1,
    // Time is counted in instructions, and starts at one date for all: a clock's value is normalised in a loop, so that
    // reading CLOCK_MONOTONIC_COARSE costs four instructions more after one start in ten.
    rtc: 'base=2026-01-01T00:00:00,clock=vm',
    calendar: 'fixed',
    // The local APIC's timer is calibrated in a loop of PAUSE, each of which leaves the translated code: 20 s of a boot.
    // One CPU does as well with the PIT. The check for a working timer is a delay loop that proves nothing here.
    // Where there is no PIT, that calibration is what the boot must bear, and the TSC's rate is told: an instruction is a
    // nanosecond. Everywhere the TSC is to be trusted: a busy host delays ticks, and a kernel that compares its TSC with them
    // takes them for right; and 7.x has no fine timers before it could compare.
    cmdline: {
      pit: 'nolapic_timer no_timer_check tsc=reliable',
      lapic: 'no_timer_check tsc=reliable tsc_early_khz=1000000',
    },
    tellsTscRate: false,
    pinned: false,
    bootDeadlineMs: 180_000,
    silenceDeadlineMs: 300_000,
  },
  emulated: {
    unit: null,
    meaning: 'QEMU TCG, two virtual CPUs: functional results only, its ticks are not published',
    accelerator: ['-accel', 'tcg,thread=multi'],
    cpu: emulatedCpu,
    cpus: 2,
    rtc: 'base=utc,clock=host',
    calendar: 'host',
    // QEMU's TSC never goes backwards, on whichever CPU it is read, but the kernel compares it with its ticks,
    // which come late while the host is busy, and says so in the middle of a spec that wants it silent.
    // `reliable` ends that.
    cmdline: { pit: 'no_timer_check tsc=reliable', lapic: 'no_timer_check tsc=reliable' },
    tellsTscRate: true,
    pinned: false,
    bootDeadlineMs: 120_000,
    silenceDeadlineMs: 180_000,
  },
};

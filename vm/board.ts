// The machines that guests run on. Which one a kernel takes depends on what it can find: devices that stand on its command
// line, or those that ACPI describes.

export const boards = ['microvm', 'microvm-acpi'] as const;
export type Board = (typeof boards)[number];

/** What a kernel on a board takes its ticks from, whose words on the command line differ. */
export type Timer = 'pit' | 'lapic';

interface BoardRecord {
  /** QEMU's -machine. */
  readonly machine: string;
  readonly timer: Timer;
}

export const boardRecords: Record<Board, BoardRecord> = {
  // Devices stand on the command line that QEMU writes, other CPUs in the firmware's MP table.
  microvm: { machine: 'microvm,acpi=off,rtc=on', timer: 'pit' },
  // The same devices at the same places, told by ACPI tables. These call the hardware reduced, so that the kernel looks for
  // no PIT: its one timer is the local APIC's, and it has nothing to compare its TSC with.
  'microvm-acpi': { machine: 'microvm,acpi=on,rtc=on', timer: 'lapic' },
};

// From a machine's description to QEMU's arguments. Pure: tested without QEMU.
import { parcelCapacity, parcelSerial, portName } from '../guest/protocol/messages.ts';
import { type Board, boardRecords } from './board.ts';
import { type Lens, lensRecords } from './lens.ts';

/** A virtual machine, described. Paths are the host's. */
export interface Machine {
  lens: Lens;
  board: Board;
  kernel: string;
  /** What the kernel unpacks as its first root (vm/initramfs.ts); null where it mounts the root image itself. */
  initramfs: string | null;
  /** The read-only root image. */
  root: string;
  /** The read-only image with the agent and its native addon. */
  agent: string;
  /** What the host delivers (vm/parcel.ts); null for nothing, on a disk of the same size. */
  parcel: string | null;
  memoryMiB: number;
  /** Memory that outlives the guest or was there before it; null for memory of its own. */
  memory: MemoryFile | null;
  /** Extra kernel command line, such as `vsyscall=none`. */
  cmdline: string;
  /** How fast the host's TSC goes; null where the host does not know. */
  tscKhz: number | null;
  /**
   * Where QEMU writes all that the guest's console says, a clone behind what is there; null where the tail that the host
   * keeps is enough.
   */
  consoleLog: string | null;
}

/** A guest's memory as a file of the host. */
export interface MemoryFile {
  path: string;
  /** A template writes into the file; a clone reads it, and keeps what it writes to itself. */
  use: 'template' | 'clone';
}

/**
 * File descriptors that QEMU inherits: connected sockets to us, so that no socket file is left behind, and for a clone
 * the device state that it starts with.
 */
export const inheritedFds = { qmp: 3, protocol: 4, console: 5, state: 6 } as const;

/**
 * Arguments after `qemu-system-x86_64`. Every board is a `microvm`: it has no versioned types, so the run's manifest
 * records QEMU's version; what counts is the CPU model, and that is versioned.
 */
export const qemuArgs = (machine: Machine): string[] => {
  const lens = lensRecords[machine.lens];
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    // A guest that resets has ended: panic=-1 turns a panic into a reset.
    '-no-reboot',
    ...memory(machine),
    '-machine',
    `${boardRecords[machine.board].machine}${machine.memory === null ? '' : `,memory-backend=${memoryId}`}`,
    ...lens.accelerator,
    '-cpu',
    cpu(machine),
    '-smp',
    `${lens.cpus}`,
    '-m',
    `${machine.memoryMiB}`,
    '-rtc',
    lens.rtc,
    ...start(machine),
    ...disk('root', `format=raw,file=${value(machine.root)}`),
    ...disk('agent', `format=raw,file=${value(machine.agent)}`),
    ...disk(
      parcelSerial,
      machine.parcel === null
        ? `driver=null-co,read-zeroes=on,size=${parcelCapacity}`
        : `format=raw,file=${value(machine.parcel)}`,
    ),
    // restrict=on: the guest reaches nothing; port 0 lets the host's kernel choose a free one, without a race.
    '-netdev',
    'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22',
    '-device',
    // A clone has nobody to announce itself to.
    'virtio-net-device,netdev=net,guest_announce=off',
    '-device',
    'virtio-rng-device',
    '-device',
    'virtio-serial-device',
    '-chardev',
    `socket,id=protocol,fd=${inheritedFds.protocol}`,
    '-device',
    `virtserialport,chardev=protocol,name=${portName}`,
    '-chardev',
    `socket,id=console,fd=${inheritedFds.console}${consoleLog(machine)}`,
    '-serial',
    'chardev:console',
    ...qmpArgs,
  ];
};

/** The machine protocol, on the inherited descriptor. */
export const qmpArgs: readonly string[] = [
  '-chardev',
  `socket,id=qmp,fd=${inheritedFds.qmp}`,
  '-mon',
  'chardev=qmp,mode=control',
];

/** The kernel's command line; the caller's words come last, so they win. */
export const kernelCommandLine = ({
  board,
  cmdline,
  lens,
  tscKhz,
}: Pick<Machine, 'board' | 'cmdline' | 'lens' | 'tscKhz'>): string =>
  [
    'console=ttyS0',
    'root=/dev/vda',
    'rootfstype=erofs',
    'ro',
    'init=/init',
    'panic=-1',
    // Without ACPI there is nothing to power off with: a reset by triple fault ends QEMU, on every board.
    'reboot=t',
    lensRecords[lens].cmdline[boardRecords[board].timer],
    lensRecords[lens].tellsTscRate && tscKhz !== null ? `tsc_early_khz=${tscKhz}` : '',
    cmdline.trim(),
  ]
    .filter(Boolean)
    .join(' ');

const cpu = ({ board, lens, tscKhz }: Machine): string => {
  const { cpu: model, unit } = lensRecords[lens];
  return [
    model,
    // Where the counter is invariant, QEMU freezes a guest only if it is told how fast that goes (kvm_arch_init_vcpu).
    ...(unit === 'cycles' && tscKhz !== null ? [`tsc-frequency=${tscKhz * 1000}`] : []),
    // A kernel whose one timer is the local APIC's has fine timers only if that goes on while a CPU sleeps, or another could
    // wake it (tick_is_oneshot_available()). The host's own CPU says so by itself.
    ...(unit !== 'cycles' && boardRecords[board].timer === 'lapic' ? ['+arat'] : []),
  ].join(',');
};

const consoleLog = ({ consoleLog: path, memory }: Machine): string =>
  path === null ? '' : `,logfile=${value(path)},logappend=${memory?.use === 'clone' ? 'on' : 'off'}`;

const memoryId = 'ram';

const memory = ({ memory: file, memoryMiB }: Machine): string[] =>
  file === null
    ? []
    : [
        '-object',
        `memory-backend-file,id=${memoryId},size=${memoryMiB}M,mem-path=${value(file.path)},share=${file.use === 'template' ? 'on' : 'off'}`,
      ];

/** A clone has its kernel in memory: it waits for the state of its devices instead. */
const start = (machine: Machine): string[] =>
  machine.memory?.use === 'clone'
    ? ['-incoming', 'defer']
    : ['-kernel', machine.kernel, ...initramfs(machine), '-append', kernelCommandLine(machine)];

const initramfs = ({ initramfs: path }: Machine): string[] => (path === null ? [] : ['-initrd', path]);

/** A disk that the guest finds by its serial number, which is its name. */
const disk = (name: string, backend: string): string[] => [
  '-drive',
  `id=${name},if=none,readonly=on,${backend}`,
  '-device',
  `virtio-blk-device,drive=${name},serial=${name}`,
];

/** QEMU separates options by commas; a comma inside a value is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,');

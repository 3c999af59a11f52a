// From a machine's description to QEMU's arguments. Pure: tested without QEMU.
import { portName } from '../guest/protocol/messages.ts';
import { type Lens, lensRecords } from './lens.ts';

/** A virtual machine, described. Paths are the host's. */
export interface Machine {
  lens: Lens;
  kernel: string;
  /** The read-only root image. */
  root: string;
  /** The read-only image with the agent and its native addon. */
  agent: string;
  memoryMiB: number;
  /** Extra kernel command line, such as `vsyscall=none`. */
  cmdline: string;
  /** How fast the host's TSC goes; null where the host does not know. */
  tscKhz: number | null;
  /** Where QEMU writes all that the guest's console says; null where the tail that the host keeps is enough. */
  consoleLog: string | null;
}

/** File descriptors that QEMU inherits, each a connected socket to us: no socket file, so none is left behind. */
export const inheritedFds = { qmp: 3, protocol: 4, console: 5 } as const;

/** The serial numbers by which the guest's init tells the two disks apart. */
const diskSerials = { root: 'root', agent: 'agent' } as const;

/**
 * Arguments after `qemu-system-x86_64`. The machine is `microvm`: it has no versioned types, so the run's manifest
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
    '-machine',
    'microvm,acpi=off,rtc=on',
    ...lens.accelerator,
    '-cpu',
    lens.cpu,
    '-smp',
    `${lens.cpus}`,
    '-m',
    `${machine.memoryMiB}`,
    '-rtc',
    lens.rtc,
    '-kernel',
    machine.kernel,
    '-append',
    kernelCommandLine(machine),
    ...disk('root', machine.root),
    ...disk('agent', machine.agent),
    // restrict=on: the guest reaches nothing; port 0 lets the host's kernel choose a free one, without a race.
    '-netdev',
    'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22',
    '-device',
    'virtio-net-device,netdev=net',
    '-device',
    'virtio-rng-device',
    '-device',
    'virtio-serial-device',
    '-chardev',
    `socket,id=protocol,fd=${inheritedFds.protocol}`,
    '-device',
    `virtserialport,chardev=protocol,name=${portName}`,
    '-chardev',
    `socket,id=console,fd=${inheritedFds.console}${machine.consoleLog === null ? '' : `,logfile=${value(machine.consoleLog)}`}`,
    '-serial',
    'chardev:console',
    '-chardev',
    `socket,id=qmp,fd=${inheritedFds.qmp}`,
    '-mon',
    'chardev=qmp,mode=control',
  ];
};

/** The kernel's command line; the caller's words come last, so they win. */
export const kernelCommandLine = ({
  cmdline,
  lens,
  tscKhz,
}: Pick<Machine, 'cmdline' | 'lens' | 'tscKhz'>): string =>
  [
    'console=ttyS0',
    'root=/dev/vda',
    'rootfstype=erofs',
    'ro',
    'init=/init',
    'panic=-1',
    // The microvm has no ACPI to power off with: a reset by triple fault ends QEMU.
    'reboot=t',
    lensRecords[lens].cmdline,
    lensRecords[lens].tellsTscRate && tscKhz !== null ? `tsc_early_khz=${tscKhz}` : '',
    cmdline.trim(),
  ]
    .filter(Boolean)
    .join(' ');

const disk = (id: keyof typeof diskSerials, path: string): string[] => [
  '-drive',
  `id=${id},if=none,format=raw,readonly=on,file=${value(path)}`,
  '-device',
  `virtio-blk-device,drive=${id},serial=${diskSerials[id]}`,
];

/** QEMU separates options by commas; a comma inside a value is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,');

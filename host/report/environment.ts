// Everything that could change a number, as a table.
import { describeSource } from '../kernel/index.ts';
import type { Manifest } from '../run/manifest.ts';
import { renderTable } from './table.ts';

export const environment = (manifest: Manifest): string => {
  const { host, kernels, guests, images, ringcross, started, shards = [] } = manifest;
  const facts: [string, string][] = [
    ['started', started],
    ['ringcross', `${ringcross.version}${ringcross.commit ? `, ${ringcross.commit}` : ''}`],
    ['host', hostWords(host)],
    ['QEMU', host.qemu],
    ...shards.map((one): [string, string] => [
      `shard ${one.shard.index}/${one.shard.of}`,
      `${one.run}, on ${hostWords(one.host)}, ${one.host.qemu}`,
    ]),
    ['node', host.node],
    ...kernels.flatMap((kernel): [string, string][] => [
      [`kernel ${kernel.name}`, `${kernel.release}, build id ${kernel.buildId}`],
      [`kernel ${kernel.name}, source`, describeSource(kernel.source)],
      [`kernel ${kernel.name}, image`, `SHA-256 ${kernel.imageSha256}, by ${kernel.compiler}`],
    ]),
    ['root image', `SHA-256 ${images.root}`],
    ['agent image', `SHA-256 ${images.agent}`],
    ...guests.flatMap(({ kernel, lens, facts: guest }): [string, string][] => [
      [`guest ${kernel} ${lens}`, `${guest.cpuModel}, ${guest.cpus} CPU, clock source ${guest.clockSource}`],
      [`mitigations ${kernel} ${lens}`, activeMitigations(guest.mitigations)],
    ]),
  ];
  return ['## Environment', renderTable({ header: ['what', 'value'], rows: facts, textColumns: 2 })].join(
    '\n\n',
  );
};

const hostWords = ({ cpu, cpus, kernel }: Manifest['host']): string =>
  `${cpu}, ${cpus} CPUs, Linux ${kernel}`;

const activeMitigations = (mitigations: Record<string, string>): string =>
  Object.entries(mitigations)
    .filter(([, state]) => state !== 'Not affected')
    .map(([name, state]) => `${name}: ${state}`)
    .join('; ') || 'none needed';

// What the CPU of a lens can do, as QEMU tells it of the model before any guest is started.
import { execa } from 'execa';
import { z } from 'zod';
import { RingcrossError } from './errors.ts';
import { type Lens, lensRecords } from './lens.ts';
import { qemuProgram } from './qemu-process.ts';

/** Whether the CPU has it, by QEMU's names and those of /proc/cpuinfo that QEMU knows: `fsgsbase`, `sse4_1`, `ssse3`. */
export type CpuFeatures = ReadonlyMap<string, boolean>;

const answerSchema = z.object({
  return: z.object({ model: z.object({ props: z.record(z.string(), z.unknown()) }) }),
});

/**
 * The features of the CPU that a lens gives its guests on this host. What the emulator cannot do counts as not there.
 * Errors: QMP_ERROR where QEMU does not tell, as of the lens `cycles` on a host without KVM.
 */
export const cpuFeatures = async (lens: Lens): Promise<CpuFeatures> => {
  const { cpu, accelerator } = lensRecords[lens];
  const [, accel = ''] = accelerator;
  const model = modelOf(cpu);
  const commands = [
    { execute: 'qmp_capabilities' },
    { execute: 'query-cpu-model-expansion', arguments: { type: 'full', model } },
    { execute: 'quit' },
  ];
  const args = ['-machine', 'none', '-accel', accel, '-nodefaults', '-display', 'none', '-qmp', 'stdio'];
  const { stdout, stderr } = await execa(qemuProgram, args, {
    input: `${commands.map((one) => JSON.stringify(one)).join('\n')}\n`,
    reject: false,
    timeout: 10_000,
  });
  for (const line of stdout.split('\n')) {
    const answer = answerSchema.safeParse(parsed(line));
    if (answer.success)
      return new Map(
        Object.entries(answer.data.return.model.props).flatMap(([name, has]) =>
          typeof has === 'boolean' ? [[name, has] as const] : [],
        ),
      );
  }
  throw new RingcrossError(
    'QMP_ERROR',
    `QEMU does not tell what the CPU of the lens ${lens} can do: ${stderr.trim() || stdout.trim()}`,
  );
};

/** QEMU's `-cpu` as its monitor wants it: `m,+a,b=off` is the model `m` with `a` on and `b` off. Pure. */
export const modelOf = (cpu: string): { name: string; props: Record<string, boolean> } => {
  const [name = '', ...words] = cpu.split(',');
  return {
    name,
    props: Object.fromEntries(
      words.map((word) => {
        const [prop = '', value] = word.replace(/^\+/, '').split('=');
        return [prop, value !== 'off'];
      }),
    ),
  };
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
};

// A module that comes and goes must leave nothing: no thread, no memory, no word of the kernel.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { debugfs } from './debugfs.ts';
import { kernelLog, kernelLogEnd } from './kernel-log.ts';
import { loadModule, moduleLoaded, modulePath, unloadModule } from './modules.ts';

const rounds = 10;

/**
 * Declares the test that unloads the module and loads it again ten times, and `use`s it each time. After the last round
 * the kernel has printed nothing, no thread of the module is left, and the memory that modules allocate has not grown
 * since the first.
 */
export const comesAndGoes = (module: string, use: () => void | Promise<void>): void => {
  test('the module comes and goes ten times, and leaves nothing behind', async () => {
    const path = modulePath(module);
    const before = kernelLogEnd();
    const memory: number[] = [];
    for (let round = 0; round < rounds; round++) {
      unloadModule(module);
      assert.equal(moduleLoaded(module), false);
      assert.throws(() => readdirSync(debugfs(module, '.')), { code: 'ENOENT' });
      assert.deepEqual(workersOf(module), []);
      memory.push(vmallocKiB());
      loadModule(path);
      await use();
    }
    assert.deepEqual(kernelLog(before), []);
    // A leak shows once a round; what other tasks allocate meanwhile does not.
    const growth = (memory.at(-1) ?? 0) - (memory[0] ?? 0);
    assert.ok(growth < (rounds - 1) * pageKiB, `${growth} KiB more after ${rounds} rounds: ${memory}`);
  });
};

const pageKiB = 4;

/** Pages that vmalloc() and the loader of modules hold. proc_meminfo(5). */
const vmallocKiB = (): number =>
  Number(/^VmallocUsed:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]);

/** Kernel threads of the module: all of ours bear its name, cut to the fifteen characters that a task keeps. */
const workersOf = (module: string): string[] => {
  const name = `ringcross-${module}`.slice(0, 15);
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === name;
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
};

// A module that comes and goes must leave nothing: no thread, no memory, no word of the kernel.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { debugfs } from './debugfs.ts';
import { kernelLog, kernelLogEnd } from './kernel-log.ts';
import { loadModule, moduleLoaded, modulePath, unloadModule } from './modules.ts';
import { until } from './wait.ts';

const rounds = 10;

/**
 * Declares the test that unloads the module and loads it again ten times, and `use`s it each time. Its worker is left
 * running. After the last round the kernel has printed nothing, no thread of the module is left, and what vmalloc() holds
 * (logs, messages, the module itself) has not grown since the first. Of kmalloc() only kmemleak could tell.
 */
export const comesAndGoes = (module: string, use: () => void | Promise<void>): void => {
  test('the module comes and goes ten times, and leaves nothing behind', async () => {
    const path = modulePath(module);
    await until('a clock source that stays', hasFinalClock);
    const before = kernelLogEnd();
    const memory: number[] = [];
    const unload = () => {
      unloadModule(module);
      assert.equal(moduleLoaded(module), false);
      assert.throws(() => readdirSync(debugfs(module, '.')), { code: 'ENOENT' });
      assert.deepEqual(workersOf(module), []);
      memory.push(vmallocBytes());
    };
    for (let round = 0; round < rounds; round++) {
      unload();
      loadModule(path);
      await use();
      startWorker(module);
    }
    unload();
    loadModule(path);
    assert.deepEqual(
      kernelLog(before).filter((line) => !ofHost.test(line)),
      [],
    );
    // A leak shows once a round; what others allocate meanwhile does not.
    const growth = (memory.at(-1) ?? 0) - (memory[0] ?? 0);
    assert.ok(growth < rounds * page, `${growth} bytes more after ${rounds} rounds: ${memory}`);
  });
};

/** Loads the module with other parameters for the rest of the test, and as it was behind it. */
export const reload = (t: TestContext, module: string, parameters: string): void => {
  const path = modulePath(module);
  unloadModule(module);
  loadModule(path, parameters);
  t.after(() => {
    unloadModule(module);
    loadModule(path);
  });
};

/** What a kernel says once of a host that keeps it waiting, whatever modules do: hrtimer_interrupt(). */
const ofHost = /^hrtimer: interrupt took \d+ ns/;

/** A second after it has booted, the kernel may replace the TSC that it began with by one that it has refined, and says so. */
const hasFinalClock = (): boolean =>
  readFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'latin1').trim() !==
  'tsc-early';

const page = 4096;

/** More messages than can be sent before the module goes; a mechanism that cannot send now ends its worker, who stays to be joined. */
const startWorker = (module: string): void => {
  const worker = debugfs(module, 'worker');
  if (!existsSync(debugfs(module, 'produce'))) return;
  writeFileSync(worker, `produce 8 0 ${2 ** 40}`);
  assert.match(readFileSync(worker, 'latin1'), /^\d+ of 1099511627776 error \d+$/m);
};

/** A large page, of which 7.x keeps some for the code of modules to come (execmem_cache_populate()). */
const largePage = 2 << 20;

/**
 * What vmalloc() and the loader of modules hold, by /proc/vmallocinfo, which names who allocated each area: without the
 * stacks of tasks and the large pages of code, of which the kernel keeps some for the next, and without what is only
 * waiting to be given back.
 */
const vmallocBytes = (): number =>
  readFileSync('/proc/vmallocinfo', 'latin1')
    .split('\n')
    .filter((area) => !/ (?:kernel_clone|copy_process|dup_task_struct|fork_idle)\+| unpurged /.test(area))
    .map((area) => ({ area, bytes: Number(/^\S+\s+(\d+)/.exec(area)?.[1] ?? 0) }))
    .filter(({ area, bytes }) => !(bytes >= largePage && / execmem_\w+\+/.test(area)))
    .reduce((sum, { bytes }) => sum + bytes, 0);

/** Kernel threads of the module: all of ours begin with its name, which kernels before 5.17 cut to fifteen characters. */
const workersOf = (module: string): string[] => {
  const name = `ringcross-${module}`;
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const comm = readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
        return comm.startsWith(name) || comm === name.slice(0, 15);
      } catch {
        // It ended meanwhile.
        return false;
      }
    });
};

// Templates that are made, break, or lose their maker on the way, as a person meets them.
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { findGuests } from '../ci/guests.ts';
import { cacheRoot } from '../host/cache.ts';
import { ownRoot } from '../host/project.ts';
import { clockFault, withPristineVm } from '../vm/pristine.ts';
import { gone, waitFor } from './command.ts';
import { temporaryFolder } from './temporary.ts';

const guest = (await findGuests()).request('emulated');

/** A cache that has everything but templates. */
const cacheWithoutTemplates = async (t: ExecutionContext): Promise<{ home: string; templates: string }> => {
  const home = await temporaryFolder(t);
  const cache = join(home, 'ringcross');
  await mkdir(cache);
  for (const name of await readdir(cacheRoot()))
    if (name !== 'templates') await symlink(join(cacheRoot(), name), join(cache, name));
  return { home, templates: join(cache, 'templates') };
};

const exec = (home: string, command = 'echo done') =>
  execa(join(ownRoot, 'bin/ringcross'), ['exec', '--lens', 'emulated', '--', 'sh', '-c', command], {
    reject: false,
    env: { XDG_CACHE_HOME: home },
  });

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const isTemplate = (name: string): boolean => /^[0-9a-f]{32}-[0-9a-f]{8}$/.test(name);

const made = async (templates: string): Promise<string[]> => (await names(templates)).filter(isTemplate);

/** What stands among the templates and is none. */
const leftovers = async (templates: string): Promise<string[]> =>
  (await readdir(templates)).filter((name) => !isTemplate(name) && name !== 'locks');

/** The QEMU whose command line holds all the words. */
const qemuWith = async (...words: string[]): Promise<number | null> => {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (command.startsWith('qemu-system-x86_64\0') && words.every((word) => command.includes(word)))
      return Number(pid);
  }
  return null;
};

test.serial('a template is made once, told so, and found again', async (t) => {
  const { home, templates } = await cacheWithoutTemplates(t);
  const [first, second] = await Promise.all([exec(home), exec(home)]);
  for (const { stdout, exitCode } of [first, second]) t.deepEqual([stdout, exitCode], ['done', 0]);
  const notes = [first, second].filter(({ stderr }) => /making a template of the lens emulated/.test(stderr));
  t.is(notes.length, 1, 'two that want it at once make it once');
  const { stdout, stderr } = await exec(home);
  t.deepEqual([stdout, stderr], ['done', '']);
  t.is((await made(templates)).length, 1);
  t.deepEqual(await leftovers(templates), []);
});

for (const [what, file, damage] of [
  ['whose device state is cut short', 'state', (path: string) => truncate(path, 1000)],
  ['whose memory is gone', 'memory', (path: string) => truncate(path, 0)],
  ['whose device state is another’s', 'state', (path: string) => writeFile(path, 'nothing of the kind')],
] as const)
  test.serial(`a template ${what} is made anew, once, and it is said`, async (t) => {
    const { home, templates } = await cacheWithoutTemplates(t);
    t.is((await exec(home)).exitCode, 0);
    const [name = ''] = await made(templates);
    await damage(join(templates, name, file));
    const { stdout, stderr, exitCode } = await exec(home);
    t.deepEqual([stdout, exitCode], ['done', 0]);
    t.regex(stderr, /a clone did not come up: .*; making the template anew/);
    t.is((await exec(home)).stderr, '');
    t.deepEqual(await leftovers(templates), []);
  });

for (const [when, reached] of [
  [
    'while its template boots',
    (templates: string): Promise<unknown> => qemuWith(`${templates}/`, 'share=on'),
  ],
  [
    'while its template is frozen',
    async (templates: string): Promise<unknown> => {
      for (const name of await names(templates))
        if ((await names(join(templates, name, 'made'))).some((file) => file.startsWith('state')))
          return true;
      return null;
    },
  ],
  [
    'while its clone is restored',
    (templates: string): Promise<unknown> => qemuWith(`${templates}/`, 'share=off'),
  ],
] as const)
  test.serial(`a host that is killed ${when} leaves nothing that the next run trips over`, async (t) => {
    const { home, templates } = await cacheWithoutTemplates(t);
    const child = exec(home, 'sleep 1000');
    try {
      await waitFor(when, 120_000, () => reached(templates), 1);
    } finally {
      child.kill('SIGKILL');
      await child;
    }
    await waitFor('the end of its guests', 5_000, async () => {
      const pid = await qemuWith(`${templates}/`);
      return pid === null || (await gone(pid)) ? true : null;
    });
    const { stdout, exitCode } = await exec(home);
    t.deepEqual([stdout, exitCode], ['done', 0]);
    t.is((await made(templates)).length, 1);
    t.deepEqual(await leftovers(templates), []);
  });

test.serial('where no template can be, the guest boots, and the reason is told', async (t) => {
  const folder = join(await temporaryFolder(t), 'file');
  await writeFile(folder, 'no folder');
  const notes: string[] = [];
  const store = { folder, limitBytes: 1e9, note: (text: string) => void notes.push(text) };
  for (const run of ['first', 'second'])
    await withPristineVm(guest, store, async (vm, start) => {
      t.is(start.kind, 'boot', run);
      t.regex(start.kind === 'boot' ? (start.reason ?? '') : '', /ENOTDIR/);
      t.truthy(vm.facts.bootId);
    });
  t.is(notes.length, 1, 'what cannot be is not tried twice');
});

test.serial('templates that were not used for longest go where the disk’s share is full', async (t) => {
  const folder = join(await temporaryFolder(t), 'templates');
  const store = { folder, limitBytes: Number.POSITIVE_INFINITY, note: () => {} };
  const use = (cmdline: string) =>
    withPristineVm({ ...guest, cmdline }, store, async (_, start) =>
      start.kind === 'clone' ? basename(start.template.dir) : start.reason,
    );
  const first = await use('a=1');
  // Room for two of them.
  store.limitBytes = 2.5 * 512 * (await stat(join(folder, String(first), 'memory'))).blocks;
  const second = await use('a=2');
  await delay(20);
  t.is(await use('a=1'), first);
  const third = await use('a=3');
  t.deepEqual((await made(folder)).sort(), [first, third].sort());
  t.false((await made(folder)).includes(String(second)));
});

test.serial('a clone’s clock goes on where its template’s stopped, as fast as the host’s', async (t) => {
  const store = { folder: join(cacheRoot(), 'templates'), limitBytes: 4e9, note: () => {} };
  await withPristineVm(guest, store, async (vm, start) => {
    if (start.kind !== 'clone') throw new Error(`expected a clone, but it booted: ${start.reason}`);
    t.is(await clockFault(vm, start.template), null);
  });
});

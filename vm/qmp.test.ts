import { Duplex } from 'node:stream';
import test from 'ava';
import { forwardedPort, Qmp } from './qmp.ts';

/** A real stream pair: what one writes the other reads. */
const pair = (): [Duplex, Duplex] => {
  const make = (): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        (this === a ? b : a).push(chunk);
        done();
      },
    });
  const a: Duplex = make();
  const b: Duplex = make();
  return [a, b];
};

const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\n';

test('the forwarded port is read from the monitor', (t) => {
  t.is(
    forwardedPort(
      'Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n  TCP[HOST_FORWARD]  11       127.0.0.1 34887       10.0.2.15    22     0     0\r\n',
    ),
    34887,
  );
  t.is(forwardedPort('Hub -1 (net):\r\n'), null);
});

test('answers find their command whatever order they come in; events are passed over', async (t) => {
  const [ours, theirs] = pair();
  const qmp = new Qmp(ours);
  theirs.write(greeting);
  theirs.once('data', () => theirs.write('{"return": {}, "id": 1}\n'));
  await qmp.negotiate();
  t.like(await qmp.version(), { major: 7, minor: 2 });
  const [first, second] = [qmp.execute('a'), qmp.execute('b')];
  theirs.write('{"event": "STOP"}\n{"return": "B", "id": 3}\n{"retu');
  theirs.write('rn": "A", "id": 2}\n');
  t.deepEqual(await Promise.all([first, second]), ['A', 'B']);
  const refused = qmp.execute('c');
  theirs.write('{"error": {"class": "GenericError", "desc": "no"}, "id": 4}\n');
  await t.throwsAsync(refused, { code: 'QMP_ERROR', message: /GenericError: no/ });
});

test('a QEMU that dies answers every waiting command with an error', async (t) => {
  const [ours, theirs] = pair();
  const qmp = new Qmp(ours);
  theirs.write(greeting);
  const waiting = qmp.execute('query-status');
  ours.destroy();
  await t.throwsAsync(waiting, { code: 'QEMU_EXITED' });
  await t.throwsAsync(qmp.execute('quit'), { code: 'QEMU_EXITED' });
});

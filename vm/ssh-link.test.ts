import test from 'ava';
import ssh2 from 'ssh2';
import { newKeyPair, shellWord } from './ssh-link.ts';

test('every key pair can be read by the library that uses it', (t) => {
  // One in 256 of the library's own cannot: 2,000 without one would be luck of 1 in 2,500.
  for (let i = 0; i < 2000; i++) {
    const { privateKey, publicKey } = newKeyPair();
    const [read, readPublic] = [ssh2.utils.parseKey(privateKey), ssh2.utils.parseKey(publicKey)];
    if (read instanceof Error || readPublic instanceof Error) return t.fail(`pair ${i}`);
    t.true(read.getPublicSSH().equals(readPublic.getPublicSSH()));
  }
});

test('a word reaches the guest’s shell as it is', (t) => {
  t.is(shellWord('/run/ring-cross_1.ko'), '/run/ring-cross_1.ko');
  t.is(shellWord('two words'), `'two words'`);
  t.is(shellWord(`it's $HOME`), `'it'\\''s $HOME'`);
  t.is(shellWord(''), `''`);
});

import test from 'ava';
import { buildEnvironment, hostEnvironment } from './environment.ts';

test('nothing of the caller that could change the kernel reaches make', (t) => {
  const env = buildEnvironment({
    PATH: '/bin',
    HOME: '/home/x',
    MAKEFLAGS: '-k',
    KCFLAGS: '-O3',
    ARCH: 'arm64',
    CROSS_COMPILE: 'x-',
    LC_ALL: 'de_DE.UTF-8',
    KBUILD_BUILD_USER: 'me',
  });
  t.deepEqual(env, {
    PATH: '/bin',
    HOME: '/home/x',
    LC_ALL: 'C',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: '0',
    KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
    KBUILD_BUILD_USER: 'ringcross',
    KBUILD_BUILD_HOST: 'ringcross',
    KBUILD_BUILD_VERSION: '1',
  });
});

test('proxies of the host reach apt', (t) => {
  t.deepEqual(hostEnvironment({ http_proxy: 'http://p', LC_ALL: 'de' }), {
    http_proxy: 'http://p',
    LC_ALL: 'C',
  });
});

// What does not get into a POSIX message queue under load, whose sender will not wait: mq_send(3) with O_NONBLOCK.
import { offeredLoad } from './offered-load.ts';

offeredLoad({
  mechanism: 'mqueue',
  direction: 'u2u',
  bench: 'load',
  variant: 'O_NONBLOCK',
  bytes: 256,
  rooms: [1, 4, 16, 64].map((size) => ({ size, unit: 'messages' as const, capacity: size, bench: size })),
  told: [{ learned: 'sender', error: 'EAGAIN' }],
});

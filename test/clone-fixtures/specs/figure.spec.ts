// One figure, quickly: what thousands of clones must agree on.
import { measure } from 'ringcross/guest';

measure({
  mechanism: 'pipe',
  direction: 'u2u',
  variant: 'blocking',
  sizes: [1024],
  messages: 200,
  warmup: 20,
});

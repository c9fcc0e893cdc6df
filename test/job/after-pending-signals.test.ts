import { expect, onTestFinished, test } from 'vitest';
import { afterPendingSignals } from '../../src/job/after-pending-signals.ts';

test('a signal that was sent before is delivered before', async () => {
  const order: string[] = [];
  const onSignal = (): void => {
    order.push('signal');
  };
  process.on('SIGWINCH', onSignal);
  onTestFinished(() => {
    process.off('SIGWINCH', onSignal);
  });
  process.kill(process.pid, 'SIGWINCH');
  await new Promise<void>((resolve) => {
    afterPendingSignals(() => {
      order.push('told');
      resolve();
    });
  });
  expect(order).toEqual(['signal', 'told']);
});

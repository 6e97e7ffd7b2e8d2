import { expect, test } from 'vitest';
import { workflowZh } from '../../i18n/workflow.zh';
import { EVENTS } from './events';

test('every step of the workflow can be chosen, once', () => {
  const all = Object.values(EVENTS).flat();
  expect([...all].sort()).toEqual(Object.keys(workflowZh.actions).sort());
});

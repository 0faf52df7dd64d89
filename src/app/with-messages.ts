import { messagesOfStep, type Receivers } from '../domain/message.ts'
import type { Step } from '../domain/step.ts'
import type { RunStore } from '../store/run-store.ts'

/**
 * A store whose steps carry the messages that they cause, so that both are saved in one transaction. Without receivers a step is saved as it is.
 * @param receivers those of cutter.yaml as it is now
 */
export function withMessages(store: RunStore, receivers: () => Receivers): RunStore {
  const addressed = (step: Step): Step => {
    const now = receivers()
    if (Object.keys(now).length === 0) return step
    const messages = messagesOfStep(now, step.run, step.entry)
    return messages.length === 0 ? step : { ...step, messages }
  }
  return {
    ...store,
    create: (step, lease) => store.create(addressed(step), lease),
    advance: (step, ...rest) => store.advance(addressed(step), ...rest),
  }
}

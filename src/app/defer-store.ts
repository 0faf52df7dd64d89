import { systemClock } from '../domain/clock.ts'
import type { BatchingStore } from '../store/run-store.ts'

type Method = Exclude<keyof BatchingStore, 'clock' | 'close'>

/** Every method of a store but `close`. */
const METHODS: Record<Method, true> = {
  ...{
    create: true,
    advance: true,
    saveAll: true,
    run: true,
    storedRun: true,
    runByKey: true,
    idsLike: true,
  },
  ...{ list: true, listWaiting: true, count: true, history: true, newestPlace: true, placeOf: true },
  ...{ entriesAfter: true, workingRuns: true, dueGates: true, unusedApprovals: true, resumableRun: true },
  ...{ effects: true, claim: true, release: true, renew: true, timers: true, saveApproval: true },
  ...{ approval: true, approvals: true, approvalsNaming: true, evidence: true, evidenceOf: true },
  ...{
    saveCloseoutSignature: true,
    closeoutSignatures: true,
    executionSwitch: true,
    setExecutionSwitch: true,
  },
  ...{ hold: true, recordHold: true, saveToken: true, tokenByDigest: true, tokens: true, tokenUsed: true },
  ...{ revokeToken: true, machineModule: true, machineModules: true, rememberModule: true, prune: true },
  ...{ prunedLike: true, figures: true, version: true, historiesWithoutRun: true, check: true },
  ...{ saveMessages: true, messageReceivers: true, dueMessages: true, messageDelivered: true },
  ...{ messageFailed: true, sweepMessages: true, countMessages: true, waitingAtGates: true },
  ...{ expiringApprovals: true },
}

/** A store that is opened by the first method that is called. One that can't be opened is tried again by the next. */
export function deferStore(open: () => Promise<BatchingStore>): BatchingStore {
  let opening: Promise<BatchingStore> | null = null
  let opened: BatchingStore | null = null
  const store = () => {
    opening ??= open().then(
      (one) => {
        opened = one
        return one
      },
      (error) => {
        opening = null
        throw error
      },
    )
    return opening
  }
  const methods = (Object.keys(METHODS) as Method[]).map((name) => [
    name,
    async (...given: unknown[]) => ((await store())[name] as (...given: unknown[]) => unknown)(...given),
  ])
  return {
    ...(Object.fromEntries(methods) as Omit<BatchingStore, 'close'>),
    clock: { now: () => (opened?.clock ?? systemClock).now() },
    close: async () => (await opening?.catch(() => null))?.close(),
  }
}

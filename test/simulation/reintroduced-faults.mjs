// Faults that earlier versions had, as changes of the sources. The simulation must find each of them within a minute.

/** @type {{ [fault: string]: { edits: { file: string, from: string, to: string }[], hasFences?: boolean } }} */
export const REINTRODUCED = {
  'unsettled writes': {
    edits: [
      {
        file: 'src/engine/check-settled.ts',
        from: "if (run.status !== 'closed' || run.mode !== 'live') return\n",
        to: 'return\n',
      },
      {
        file: 'src/engine/settle-writes.ts',
        from: "if (run.mode !== 'live') return run\n",
        to: 'return run\n',
      },
    ],
  },
  'stale workers': {
    hasFences: false,
    edits: [
      {
        file: 'src/engine/assert-claimed.ts',
        from: 'let found = await findEffectRow(deps, runId, claimed)\n',
        to: 'return\n  let found = await findEffectRow(deps, runId, claimed)\n',
      },
    ],
  },
  'timers over writes': {
    edits: [
      {
        file: 'src/engine/work-on-run.ts',
        from: "if (due !== undefined && (definition.kind === 'read' || run.mode !== 'live')) return fire(due)",
        to: 'if (due !== undefined) return fire(due)',
      },
    ],
  },
}

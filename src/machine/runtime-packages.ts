/** Cutter's own copies of the two packages that machines are written with. Modules of users' machines get these. */
export * as xstate from 'xstate'
export * as zod from 'zod'

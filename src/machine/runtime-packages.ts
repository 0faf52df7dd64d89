/** This program's own copies of the two packages that a machine is written with, for modules of users' machines. */
export * as xstate from 'xstate'
export * as zod from 'zod'

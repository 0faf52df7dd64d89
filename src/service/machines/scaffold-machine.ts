/** Where the types of the packages are that a module imports, as absolute paths. */
export interface TypesFolders {
  /** Cutter's own declarations. */
  cutter: string
  zod: string
  xstate: string
  /** The folder `@types` that has Node's. */
  types: string
}

/**
 * Returns the files of a new machine by their names: a module with one gate, how to try it, a test of it, and what an editor needs. They
 * type-check as they are, and the machine works: it replaces the text of a file.
 * @param name kebab-case
 */
export const scaffoldMachine = (name: string, folders: TypesFolders): { [file: string]: string } => ({
  [`${name}.ts`]: moduleText(name),
  [`${name}.trial.ts`]: TRIAL,
  [`${name}.test.ts`]: testText(name),
  'tsconfig.json': tsconfigText(folders),
})

/** What the files import of others, as they name it. */
const PACKAGES = { cutter: "'cutter'", testing: "'cutter/testing'", vitest: "'vitest'" }

const moduleText = (name: string) => `import { readFile, rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { chart, defineMachine, digestOf, gated, planOf, readEffect, success, work, writeEffect } from ${PACKAGES.cutter}
import { z } from 'zod'

// This machine replaces the text of a file. Replace input, effects and chart by yours. The contract: docs/machines.md.

/** Each field becomes a flag of \`cutter run start\`. */
const input = z.object({
  file: z
    .string()
    .transform((path) => resolve(path))
    .describe('file whose text is replaced'),
  text: z.string().describe('the new text'),
})

const textOf = (file: string) => readFile(file, 'utf8')

/** Surveys the world and plans. It changes nothing. The same world must give the same plan: no time, no random value. */
const plan = readEffect({
  name: 'plan',
  input,
  async execute(_context, { file, text }) {
    const before = digestOf(await textOf(file))
    // The second part is facts for later effects.
    return planOf('SG1', { action: 'replace', file, before, after: digestOf(text) }, { before })
  },
})

/** Does what the plan says, once. */
const replace = writeEffect({
  name: 'replace',
  input: input.extend({ before: z.string() }),
  async execute(_context, { file, text }) {
    await writeFile(\`\${file}.new\`, text)
    // A process may die at any moment, so the change happens in one step.
    await rename(\`\${file}.new\`, file)
    return { output: { report: { replaced: file } } }
  },
  /** Shows in a dry run what \`execute\` would report. It changes nothing. */
  simulate: async (_context, { file }) => ({ output: { report: { replaced: file } } }),
  /** Asks the world whether \`execute\` has happened, also after a crash. It never guesses: \`unknown\` stops the run. */
  async probe(_context, { file, text, before }) {
    const now = digestOf(await textOf(file))
    if (now === digestOf(text)) return { outcome: 'committed', output: { report: { replaced: file } } }
    if (now === before) return { outcome: 'not-committed' }
    return { outcome: 'unknown', why: \`somebody else changed \${file}\` }
  },
})

export const machine = defineMachine({
  name: '${name}',
  version: '1',
  input,
  effects: [plan, replace],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: gated('SG1', { recheck: 'plan', work: 'replace', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`

const TRIAL = `import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Trial } from ${PACKAGES.testing}

/** A world for each run of the trial. Live runs really write there, so it must be nobody else's. */
export const trial: Trial = {
  async world() {
    const folder = await mkdtemp(join(tmpdir(), 'trial-'))
    const file = join(folder, 'file.txt')
    await writeFile(file, 'the old text')
    return {
      input: { file, text: 'the new text' },
      // Compared between a run that nobody disturbed and one that was killed.
      read: () => readFile(file, 'utf8'),
      remove: () => rm(folder, { recursive: true }),
    }
  },
}
`

const testText = (name: string) => `import { testMachine } from ${PACKAGES.testing}
import { expect, test } from ${PACKAGES.vitest}
import { trial } from './${name}.trial.ts'

test('${name} writes once and ends the same, at whatever write its process is killed', async () => {
  const { faults, kills } = await testMachine(new URL('./${name}.ts', import.meta.url), trial)
  expect(faults).toEqual([])
  // Before the write, after it, and at moments in its middle.
  expect(kills.length).toBeGreaterThan(2)
}, 300_000)
`

const tsconfigText = (folders: TypesFolders): string =>
  `${JSON.stringify({ compilerOptions: compilerOptions(folders), include: ['*.ts'] }, null, 2)}\n`

/** The options of the compiler with which the types of a module resolve, wherever it is. */
export const compilerOptions = ({ cutter, zod, xstate, types }: TypesFolders) => ({
  target: 'ES2023',
  module: 'ESNext',
  moduleResolution: 'Bundler',
  lib: ['ES2023'],
  types: ['node'],
  typeRoots: ['./node_modules/@types', types],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  paths: {
    cutter: [`${cutter}/custom/sdk.d.ts`],
    'cutter/testing': [`${cutter}/custom/trial.d.ts`],
    zod: [zod],
    xstate: [xstate],
    // Your own vitest, where there is one.
    vitest: ['./node_modules/vitest', '../node_modules/vitest', `${cutter}/vitest.d.ts`],
  },
})

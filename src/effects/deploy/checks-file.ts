import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { locateSecretForm } from '../../secrets/patterns.ts'
import type { RunResult } from '../../targets/ssh/open-host.ts'
import { allowance } from './allowances.ts'
import { contentRules, MANIFEST_NAME } from './artifact-rules.ts'
import { WATCHED_PARTS } from './compare-anchors.ts'
import { MUTABLE_PATTERN } from './mutable-paths.ts'
import { OUTSIDE_PATH } from './outside-path.ts'
import { SHARED_PATH } from './shared-paths.ts'

/** A command: a line for the shell, or a list of words. */
const argv = z.union(
  [
    z
      .string()
      .min(1)
      .transform((script) => ['sh', '-c', script]),
    z.array(z.string()).min(1),
  ],
  'must be a line for the shell, or a list of words',
)

const given = z.strictObject({
  exit: z.int().min(0).max(255).default(0),
  /** Text that stdout must hold, or begin with. */
  contains: z.string().min(1).optional(),
  startsWith: z.string().min(1).optional(),
  /** A number in stdout or stderr, by a pattern with one group: `{ pattern: 'Ran (\d+) tests', is: 366 }`. */
  count: z.strictObject({ pattern: z.string().min(1), is: z.int() }).optional(),
})
const expectation = given.prefault({})

const step = z.strictObject({
  run: argv,
  expect: expectation,
  timeoutSeconds: z.number().positive().max(86_400).default(300),
})

const check = step.extend({
  name: z.string().regex(/^\P{Cc}+$/u, 'must be one line'),
  /**
   * Must succeed before `run`, for example [python3, -c, "import pytest"]. If it fails, `fallback` runs instead of `run`. The preflight asks it
   * too, before the approval, so that it must only look.
   */
  needs: argv.optional(),
  fallback: z.strictObject({ run: argv, expect: given.optional() }).optional(),
})

/** How the program of a release is started, and what takes that back. */
const activation = z.strictObject({
  run: argv,
  /** Runs after every way back. Left out: `run` once more, in the earlier release. */
  inverse: argv.optional(),
  timeoutSeconds: z.number().positive().max(86_400).default(60),
})

const health = step.extend({
  /** Tries after the first one. */
  retries: z.int().min(0).max(1000).default(10),
  everySeconds: z.number().positive().max(3600).default(2),
})

const relative = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be a plain name')

const part = z.enum(WATCHED_PARTS)

/** A checks file: how the deployed program must behave on its host, and what the deploy needs to know of it. */
export const checksSchema = z.strictObject({
  /** Runs in the new folder before everything else. What it makes there belongs to the release. */
  build: step.optional(),
  checks: z.array(check).default([]),
  activate: activation.optional(),
  health: health.optional(),
  /** Paths of a release that its program may change. */
  mutable: z
    .array(z.string().regex(MUTABLE_PATTERN, 'must be a relative path, where * and ** are wildcards'))
    .default([]),
  /** Paths in `<path>/shared` to which each release gets a link. */
  shared: z
    .array(z.string().regex(SHARED_PATH, 'must be a relative path'))
    .default([])
    .refine((paths) => paths.every((one) => !paths.some((other) => other.startsWith(`${one}/`))), {
      message: 'must not hold a path below another one',
    }),
  /** Old releases that stay besides the new one. The others are removed once it is live. Left out: all stay. */
  keep: z.int().min(0).max(1000).optional(),
  rehearsal: z
    .strictObject({
      ...step.shape,
      /** A live start, which the program must refuse: any exit code but 0. */
      refused: argv.optional(),
      /** Prints what must be the same before and after. */
      counts: argv.optional(),
    })
    .optional(),
  /** Findings of the artifact gate that a person has examined. */
  allow: z.array(allowance).default([]),
  /** Parts of the host that may change during the deploy without failing it. The changes are still reported. */
  tolerate: z.array(part).default([]),
  /** Parts of the host of which any change fails the deploy, whoever caused it. */
  watch: z.array(part).default([]),
  skeleton: z
    .strictObject({
      folders: z.array(relative).default([]),
      files: z.record(relative, z.string()).default({}),
      /** Absolute paths of folders outside of the target. Plans without any do not have the key. */
      outside: z
        .array(z.string().regex(OUTSIDE_PATH, 'must be an absolute path below a folder of the root'))
        .min(1)
        .refine((paths) => new Set(paths).size === paths.length, { message: 'must hold each path once' })
        .optional(),
    })
    .prefault({}),
})

export type Checks = z.infer<typeof checksSchema>
export type Check = Checks['checks'][number]
type Expectation = z.infer<typeof expectation>

/**
 * Parses a checks file. `file`: its name for messages.
 * @throws INPUT_REFUSED when it is not valid, with the place of each fault.
 */
export function parseChecks(given: unknown, file: string): Checks {
  const parsed = checksSchema.safeParse(given ?? {})
  const faults = parsed.success
    ? findFaults(parsed.data)
    : parsed.error.issues.map(
        ({ path, message }) => `${path.map(String).join('.') || 'the file'}: ${message}`,
      )
  if (parsed.success && faults.length === 0) return parsed.data
  throw new CutterError(
    'INPUT_REFUSED',
    `${file} is not a valid checks file: ${faults.join('; ')}; the host was not touched`,
    {
      next: 'correct the file; docs/deploy.md lists every key',
    },
  )
}

function findFaults(given: Checks): string[] {
  const { checks, skeleton } = given
  const names = checks.map(({ name }) => name)
  const duplicates = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `two checks have the name ${name}`)
  const broken = checks.flatMap(({ name, expect, fallback }) =>
    [expect.count, fallback?.expect?.count].flatMap((count) =>
      count === undefined || hasOneGroup(count.pattern)
        ? []
        : [`check ${name} has a count pattern that is not a regular expression with one group`],
    ),
  )
  const secret = Object.entries(skeleton.files).filter(([, text]) =>
    contentRules.some(({ rule, pattern }) => rule === 'secret' && pattern.test(text)),
  )
  const form = locateSecretForm(given, '')
  const both = given.watch.filter((part) => given.tolerate.includes(part))
  return [
    ...duplicates,
    ...broken,
    ...findPathFaults(given),
    ...both.map((part) => `${part} is in watch and in tolerate`),
    ...(form === null ? [] : [`${form.path} seems to hold ${form.what}, and would be kept permanently`]),
    ...secret.map(([name]) => `skeleton.files.${name} seems to hold a secret`),
  ]
}

/** Paths of a release that two keys claim, or that the deploy itself writes. Both would fail only on the host. */
function findPathFaults({ shared, skeleton }: Checks): string[] {
  const files = Object.keys(skeleton.files)
  const made = [...skeleton.folders, ...files]
  const again = (paths: string[]) => [...new Set(paths.filter((path, at) => paths.indexOf(path) !== at))]
  const taken = [...shared, ...made].filter((path) => path.split('/')[0] === MANIFEST_NAME)
  const claimed = shared.filter((path) => made.includes(path) || files.includes(path.split('/')[0]!))
  return [
    ...taken.map((path) => `${path} is where the deploy writes its manifest`),
    ...again(shared).map((path) => `shared holds ${path} twice`),
    ...again(made).map((path) => `skeleton holds ${path} twice`),
    ...claimed.map((path) => `shared and skeleton both make ${path}`),
  ]
}

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`).exec('')?.length === 2
  } catch {
    return false
  }
}

/** Why the result of a command is not as expected. Null when it is. */
export function findMismatch(
  { exit, contains, startsWith, count }: Expectation,
  result: RunResult,
): string | null {
  if (result.timedOut) return 'took too long and was killed'
  const stdout = result.stdout.toString('utf8')
  const where = result.truncated ? ' in the beginning and the end of its output, which was too long' : ''
  if (result.exitCode !== exit) return `ended with ${result.exitCode ?? result.signal}, expected ${exit}`
  if (contains !== undefined && !stdout.includes(contains))
    return `did not print ${JSON.stringify(contains)}${where}`
  if (startsWith !== undefined && !stdout.startsWith(startsWith)) {
    return `began with ${JSON.stringify(stdout.slice(0, 60))}, expected ${JSON.stringify(startsWith)}`
  }
  if (count === undefined) return null
  const found = new RegExp(count.pattern).exec(`${stdout}\n${result.stderr.toString('utf8')}`)?.[1]
  if (found === undefined) return `printed no number that matches ${count.pattern}${where}`
  return Number(found) === count.is ? null : `counted ${found}, expected ${count.is}`
}

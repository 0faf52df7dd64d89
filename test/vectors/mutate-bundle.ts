import { readRunFacts } from '../../src/bundle/run-facts.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { listNamedEvidence } from '../../src/domain/history-facts.ts'
import { canonicalJson, digestOfBytes } from '../../src/domain/json.ts'
import { bundleOf, filesIn, recordIn } from '../bundle/bundle-fixture.ts'
import { alter } from '../bundle/forge-bundle.ts'

/**
 * Bundles with one odd value, made from a seed. Everything that needs no key is made again, so that only the odd value decides whether a
 * bundle holds.
 */

/** A source of numbers that a seed decides (mulberry32). */
function numbersOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Values that parsers of other languages read in another way, or that a schema may forget. */
const ODD: unknown[] = [
  ...[null, true, false, [], {}, '', ' ', '\u00a0', '\u3000', 'x', '0', [[]], [null], { a: 1 }, { '': 0 }],
  ...[
    0,
    -0,
    1,
    -1,
    1.5,
    1e21,
    1e22,
    123456789012345680000,
    2 ** 53,
    2 ** 53 - 1,
    2 ** 53 + 2,
    2 ** 63,
    2 ** 64,
  ],
  ...[1e300, 5e-324, 1e-7, 1e-6, 0.1, 1e23, 9007199254740993e3, Number.MAX_VALUE, 1.0e-10],
  ...[
    '\ud800',
    'a\udc00b',
    '\u0000',
    '\u0085',
    '\u2028',
    '\u200b',
    '\u202e',
    '\ufeff',
    '\u00ad',
    'e\u0301',
    '\u{1f600}',
  ],
  ...[
    '\ufdd0',
    '\uffff',
    '\u{e0001}',
    '\u{10ffff}',
    '\ue000',
    '\u0378',
    '\u061c',
    '\n',
    'a\nb',
    '`',
    '``',
    "'",
    '\\',
    '~',
    '.',
  ],
  ...[
    '2026-02-30T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+00:00',
    '2026-01-01T00:00Z',
  ],
  ...[
    '2026-01-01T00:00:00.1Z',
    '2026-01-01T00:00:00.123456789Z',
    '0000-01-01T00:00:00Z',
    '2024-02-29T00:00:00Z',
    '2023-02-29T00:00:00Z',
  ],
  ...[
    '2026-01-01T00:00:00z',
    '2026-01-01 00:00:00Z',
    '+002026-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '٢٠٢٦-01-01T00:00:00Z',
  ],
  ...[
    '1900-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z',
    '2026-1-01T00:00:00Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00\n',
  ],
  ...[
    `sha256:${'0'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(64)}\n`,
  ],
  ...[
    'live',
    'dry-run',
    'closed',
    'paused',
    'stopped',
    'working',
    'succeeded',
    'abandoned',
    'rolled-back',
    'approve',
    'abandon',
  ],
  ...[
    'SG1',
    'SG2',
    'cut',
    '1',
    'STOP_OUTCOME_UNKNOWN',
    'yes',
    'no',
    'unknown',
    'write',
    'simulate',
    'execute',
  ],
]

/** Names of fields that a check reads, to be added where they do not belong. */
const NAMES = [
  'arrival',
  'approvalUsed',
  'outcome',
  'evidence',
  'policyDigest',
  'type',
  'stop',
  'context',
  'format',
  'x',
  '__proto__',
]
const MORE = [
  'constructor',
  'toString',
  '\ud800',
  'unsettledWrites',
  'error',
  'kind',
  'ran',
  'committed',
  'attempt',
  'from',
  'to',
  '',
]

type Path = (string | number)[]
type Node = { [key: string | number]: Node }

const pathsIn = (value: unknown): Path[] =>
  value !== null && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, item]) => {
        const own = Array.isArray(value) ? Number(key) : key
        return [[own], ...pathsIn(item).map((path) => [own, ...path])]
      })
    : []

const valueAt = (parts: object, path: Path) =>
  path.reduce((value, key) => value[key]!, parts as unknown as Node)

function set(parent: Node, key: string | number, value: unknown): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Changes one value of a tree of JSON: something odd, a copy of what stands elsewhere, nothing at all, or one more field. */
function changeOne(parts: object, below: (n: number) => number): void {
  const paths = pathsIn(parts)
  const path = paths[below(paths.length)]!
  const parent = valueAt(parts, path.slice(0, -1))
  const key = path.at(-1)!
  const way = below(6)
  if (way <= 2) set(parent, key, ODD[below(ODD.length)])
  else if (way === 3) set(parent, key, structuredClone(valueAt(parts, paths[below(paths.length)]!)))
  else if (way === 4 && Array.isArray(parent)) parent.splice(Number(key), 1)
  else if (way === 4) delete parent[key]
  else if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(parent[key]))
  else {
    const names = [...NAMES, ...MORE]
    set(parent, names[below(names.length)]!, ODD[below(ODD.length)])
  }
}

/** Makes a bundle of a vector and a seed. Null where not even a forger could write it down. */
export async function mutateBundle(tar: Buffer, seed: number): Promise<Buffer | null> {
  const below = numbersOf(seed)
  try {
    return await [inRecord, inRecord, inRecord, inRunFacts, inText][below(5)]!(tar, below)
  } catch {
    return null
  }
}

/** What a forger can change in a bundle and make everything else fit. */
export interface BundleParts {
  genesis: RunRecord['genesis']
  history: RunRecord['history']
  snapshot: { snapshot: { context: { [field: string]: unknown } } }
  statements: { [field: string]: unknown }[]
}

/** Changes parts of a bundle, and makes again what follows from them. */
export async function changeBundle(tar: Buffer, change: (parts: BundleParts) => void): Promise<Buffer> {
  const record = await recordIn(tar)
  const { genesis, history, approvals } = record
  const parts: BundleParts = {
    genesis,
    history,
    snapshot: JSON.parse(record.snapshot),
    statements: approvals.map(({ statementText }) => JSON.parse(statementText)),
  }
  change(parts)
  return bundleOf(madeAgain(record, parts), tar)
}

const inRecord = (tar: Buffer, below: (n: number) => number): Promise<Buffer> =>
  changeBundle(tar, (parts) => {
    for (let times = below(2); times >= 0; times -= 1) changeOne(parts, below)
  })

/** Changes only what `run.json` says. */
async function inRunFacts(tar: Buffer, below: (n: number) => number): Promise<Buffer> {
  return alter(tar, (files) => {
    const run = JSON.parse(Buffer.from(files.get('run.json')!).toString())
    changeOne({ run }, below)
    files.set('run.json', Buffer.from(canonicalJson(run)))
  })
}

/** Writes the JSON of one file in another way. */
async function inText(tar: Buffer, below: (n: number) => number): Promise<Buffer> {
  const json = [...(await filesIn(tar)).keys()].filter((path) => /\.jsonl?$/.test(path))
  const path = json[below(json.length)]!
  const edits: ((text: string) => string)[] = [
    (text) => text.replace(/:(\d+)([,}])/, ':$1.0$2'),
    (text) => text.replace(/:(\d+)([,}])/, ':$1e0$2'),
    (text) => text.replace(/:(\d+)([,}])/, ':-$1$2'),
    (text) => text.replace(/:(\d+)([,}])/, ':0$1$2'),
    (text) => text.replace('{', '{"seq":1,'),
    (text) => text.replace(/"([a-z]+)":([^,{}[\]]+),/, '"$1":$2,"$1":$2,'),
    (text) => text.replace(/"([a-z])/, (_, sign) => `"\\u00${sign.charCodeAt(0).toString(16)}`),
    (text) => text.replace('":', '": '),
    (text) => text.replace(/\n?$/, '\n'),
    (text) => `\ufeff${text}`,
    (text) => text.replace('null', 'NaN'),
    (text) => text.replace('null', 'Infinity'),
    (text) => text.replace(/}(\n?)$/, ',}$1'),
    (text) => text.replace(/\n/, '\r\n'),
    (text) => text.replace(/\n$/, ''),
    (text) => `${text}\n`,
    (text) => text.replace('"', '"\u0001'),
    (text) => text.replace('null', '['.repeat(2000) + ']'.repeat(2000)),
  ]
  const edit = edits[below(edits.length)]!
  return alter(tar, (files) => {
    files.set(path, Buffer.from(edit(Buffer.from(files.get(path)!).toString())))
  })
}

function madeAgain(record: RunRecord, parts: BundleParts): RunRecord {
  const { genesis, history } = parts
  const snapshot = JSON.stringify(parts.snapshot)
  let previousHash = digestOfBytes(canonicalJson(genesis))
  const linked = history.map((entry, index) => {
    const { hash: _, ...rest } = { ...entry, previousHash }
    if (index === history.length - 1) rest.snapshotDigest = digestOfBytes(snapshot)
    previousHash = hashEntry(rest)
    return { ...rest, hash: previousHash }
  })
  const approvals = record.approvals.map((approval, index) => ({
    ...approval,
    ...(parts.statements[index] === undefined
      ? {}
      : { statementText: canonicalJson(parts.statements[index]) }),
  }))
  const evidence = listNamedEvidence(linked)
  const run = readRunFacts(genesis, linked, snapshot) ?? record.run
  return { ...record, genesis, history: linked, snapshot, approvals, evidence, run, closeout: null }
}

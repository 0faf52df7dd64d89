import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { type Block, blocksOf, type Command, commandsOf, linesOf, withContents } from './blocks.ts'
import { Bindings, difference, refreshed } from './compare.ts'
import { pagesIn } from './pages.ts'
import { type Place, SETUPS } from './setups.ts'

/**
 * Runs every block of README and docs that is marked `runnable`, page by page, each page in a home of its own. `file=NAME` on a block
 * writes its content first; `setup=NAME` on a block asks for what the page takes for granted. With DOCS_UPDATE=1 the pages are
 * rewritten to what was printed.
 */

const ROOT = resolve(import.meta.dirname, '../..')
const UPDATE = process.env.DOCS_UPDATE === '1'
/** The folder that pages show as the home. */
const SHOWN_HOME = '/srv/charter'

const pages = pagesIn(ROOT).filter((file) => /^```\S+ .*\brunnable\b/m.test(readFileSync(file, 'utf8')))

test('README and docs have pages with runnable blocks', () => {
  expect(pages.map((file) => relative(ROOT, file))).toContain('README.md')
})

describe.each(pages.map((file) => [relative(ROOT, file), file]))('%s', (_, file) => {
  const places: Place[] = []
  afterAll(async () => {
    for (const { closers } of places.splice(0)) for (const close of closers.reverse()) await close()
  })

  test('every runnable block does what the page shows', { timeout: 300_000 }, async (context) => {
    const page = readFileSync(file, 'utf8')
    const homes = byHome(blocksOf(page))
    const faults: string[] = []
    const contents: [Block, string[]][] = []
    for (const blocks of homes.values()) {
      const place = await aPlace(blocks.flatMap(({ info }) => info.get('setup')?.split(',') ?? []))
      places.push(place)
      if (place.missing !== null) return context.skip(place.missing)
      const answer = await runAll(blocks, place)
      faults.push(...answer.faults)
      contents.push(...answer.contents)
    }
    if (UPDATE && contents.length > 0) writeFileSync(file, withContents(page, contents))
    else expect(faults).toEqual([])
  })
})

/** The blocks of a page by the home that `home=` names. */
function byHome(blocks: Block[]): Map<string, Block[]> {
  const homes = new Map<string, Block[]>()
  for (const block of blocks) {
    const name = block.info.get('home') ?? ''
    homes.set(name, [...(homes.get(name) ?? []), block])
  }
  return homes
}

async function aPlace(setups: string[]): Promise<Place> {
  const at = aCutterHome()
  await at.server()
  asCommand(at)
  const place: Place = { at, env: {}, paths: [], missing: null, closers: [() => at.remove()] }
  for (const name of setups) {
    const setup = SETUPS[name]
    if (setup === undefined) throw new Error(`there is no set-up ${name}`)
    await setup(place)
  }
  return place
}

/** `cutter` on the PATH, as an installed one is. */
function asCommand(at: CutterHome): void {
  const folder = at.path('.bin')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'cutter'),
    `#!/bin/sh\nexec '${process.execPath}' '${at.path('.installed/dist/cutter.cjs')}' "$@"\n`,
  )
  chmodSync(join(folder, 'cutter'), 0o755)
  at.env.PATH = `${folder}:${process.env.PATH}`
}

interface Outcome {
  faults: string[]
  /** Console blocks with the output that was printed now. */
  contents: [Block, string[]][]
}

async function runAll(blocks: Block[], place: Place): Promise<Outcome> {
  const bindings = new Bindings()
  for (const [shown, real] of [...place.paths, [SHOWN_HOME, place.at.home] as const])
    bindings.bind(shown, real)
  const outcome: Outcome = { faults: [], contents: [] }
  for (const block of blocks) {
    const name = block.info.get('file')
    if (name !== undefined) write(place.at.path(name), block)
    if (!block.info.has('runnable')) continue
    if (block.language === 'sql') outcome.faults.push(...(await asked(block, place)))
    else if (block.info.has('quiet')) outcome.faults.push(...(await quiet(block, place, bindings)))
    else await compared(block, { place, bindings, outcome })
  }
  return outcome
}

/** Commands whose output the page leaves out: each must succeed. */
async function quiet(block: Block, place: Place, bindings: Bindings): Promise<string[]> {
  const faults: string[] = []
  for (const { command } of commandsOf(block)) {
    const { code, lines } = await printed(bindings.real(command), place)
    if (code !== 0) faults.push(`$ ${command}\n    exit code ${code}: ${lines.join('\n    ')}`)
  }
  return faults
}

async function compared(
  block: Block,
  { place, bindings, outcome }: { place: Place; bindings: Bindings; outcome: Outcome },
): Promise<void> {
  const fresh: Command[] = []
  for (const { command, expected } of commandsOf(block)) {
    const { lines } = await printed(bindings.real(command), place)
    const fault = difference(expected, lines, bindings)
    if (fault !== null) outcome.faults.push(`$ ${command}\n    ${fault}`)
    fresh.push({ command, expected: fault === null ? expected : refreshed(expected, lines, bindings) })
  }
  outcome.contents.push([block, linesOf(fresh)])
}

function write(path: string, { lines }: Block): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${lines.join('\n')}\n`)
}

/** Exit code, and standard output and standard error in lines. */
function printed(command: string, { at, env }: Place): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn('bash', ['-c', `exec 2>&1\n${command}`], {
    cwd: at.home,
    env: { ...at.env, ...env, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) =>
      done({ code, lines: text === '' ? [] : text.replace(/\n$/, '').split('\n') }),
    )
  })
}

/** Runs SQL as the role that `as=` names (`reader`, `verifier` or `owner`): in the target `main`, or else in the embedded one. */
async function asked({ lines, info, start }: Block, { at, env }: Place): Promise<string[]> {
  const role = info.get('as') ?? 'owner'
  const url = env[`MAIN_${role.toUpperCase()}_URL`]
  const client = url === undefined ? await at.superuser() : new pg.Client({ connectionString: url })
  try {
    if (url !== undefined) await client.connect()
    else await client.query(role === 'owner' ? 'reset role' : `set role cutter_${role}`)
    const result: unknown = await client.query(lines.join('\n'))
    const results = (Array.isArray(result) ? result : [result]) as pg.QueryResult[]
    return results.some(({ command, rows }) => command === 'SELECT' && rows.length === 0)
      ? [`the SQL at line ${start} finds no rows`]
      : []
  } catch (error) {
    return [`the SQL at line ${start}: ${(error as Error).message}`]
  } finally {
    if (url !== undefined) await client.end()
  }
}

import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/domain/json.ts'
import { findTrustedProgram } from '../../src/tools/trusted-folders.ts'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { approve, aSigner, enableExecution, LIVE } from '../support/cli-steps.ts'
import {
  MIGRATED,
  migrate,
  type Production,
  skipWithoutPgDump,
  startProduction,
  stateOf,
  UNTOUCHED,
  writeMigrationBundle,
} from '../support/shop-migration.ts'

/** The programs for backups that cutter.yaml names: a command like `docker exec`, and one entry for each major version. */

const skipped = skipWithoutPgDump('the programs of backups')
const TARGET = 'targets: { shop: { migratorUrlEnv: SHOP_URL } }'

describe.skipIf(skipped !== null)(
  'the programs for backups that cutter.yaml names',
  { timeout: 600_000 },
  () => {
    let at: CutterHome
    let key: string
    let production: Production
    let container: string
    const env = findTrustedProgram('env') ?? ''

    beforeAll(async () => {
      at = aCutterHome()
      key = aSigner(at, undefined, 'cutter.migrate.*')
      production = await startProduction()
      // As `docker exec -i -e PGPASSWORD db …`: the command runs with no other variable, and with the same stdin and stdout.
      container = at.file(
        'container',
        `#!/bin/sh
echo "$@" >> ${at.path('ran')}
[ "$1 $2 $3" = "exec -i db" ] || exit 125
shift 3
exec env -i PATH=/usr/bin:/bin PGPASSWORD="$PGPASSWORD" "$@"
`,
      )
      configure({})
      await enableExecution(at)
      await at.server()
    }, 300_000)

    afterAll(async () => {
      await at.remove()
      await production.stop()
    }, 300_000)

    beforeEach(() => rmSync(at.path('ran'), { force: true }))

    const configure = (tools: object) =>
      writeFileSync(at.path('cutter.yaml'), `${LIVE}${TARGET}\ntools: ${JSON.stringify(tools)}\n`)
    const inContainer = (program: string) => ['env', 'sh', container, 'exec', '-i', 'db', program]
    const ran = () => readFileSync(at.path('ran'), 'utf8')
    const planOf = async (runId: string) => (await at.cutter(['run', 'plan', runId])).stdout
    async function start(database: string) {
      at.env.SHOP_URL = production.migratorUrl(database)
      const shop = await production.shop(database)
      const run = jsonOf(await migrate(at, writeMigrationBundle(at), '--mode', 'live'))
      expect(run).toMatchObject({ status: 'paused', gate: 'SG1' })
      return { shop, run }
    }

    test('a live migration backs up and restores by a command, which its plan shows word by word', async () => {
      configure({ pgDump: inContainer('pg_dump'), pgRestore: inContainer('pg_restore') })
      const { shop, run } = await start('commanded')
      const plan = await planOf(run.runId)
      expect(`sha256:${sha256(plan)}`).toBe(run.planDigest)
      expect(JSON.parse(plan).tools).toEqual([
        { id: 'pgDump', argv: [env, 'sh', container, 'exec', '-i', 'db', 'pg_dump'] },
        { id: 'pgRestore', argv: [env, 'sh', container, 'exec', '-i', 'db', 'pg_restore'] },
      ])
      const page = await at.cutter(['run', 'plan', run.runId, '--format', 'markdown'])
      expect(page.stdout).toContain(`${env} sh ${container} exec -i db pg_dump\n`)
      expect(await stateOf(shop)).toEqual(UNTOUCHED)

      expect(jsonOf(await approve(at, run.runId, key))).toMatchObject({
        state: 'CLOSEOUT_REPORTED',
        outcome: 'succeeded',
      })
      expect(await stateOf(shop)).toEqual(MIGRATED)
      expect(ran()).toMatch(/^exec -i db pg_dump --format=custom /m)
      expect(ran()).toMatch(/^exec -i db pg_restore --no-password /m)
      // Every user of the machine can read the words of a command.
      expect(ran()).not.toContain('s3cret-word')
    })

    test('a live migration takes the program for the major version of its server', async () => {
      const other = at.file('never', '#!/bin/sh\necho never >> ran\nexit 1\n')
      execFileSync('chmod', ['755', other])
      configure({
        pgDump: { 14: other, 15: inContainer('pg_dump'), 99: other },
        pgRestore: { 14: other, 15: findTrustedProgram('pg_restore') },
      })
      const { shop, run } = await start('by_major')
      expect(JSON.parse(await planOf(run.runId)).tools).toEqual([
        { id: 'pgDump', argv: [env, 'sh', container, 'exec', '-i', 'db', 'pg_dump'] },
        { id: 'pgRestore', argv: [findTrustedProgram('pg_restore')] },
      ])
      expect(jsonOf(await approve(at, run.runId, key)).outcome).toBe('succeeded')
      expect(await stateOf(shop)).toEqual(MIGRATED)
      expect(ran()).not.toContain('never')
    })

    test('an approval of another program is refused as drift, and the new plan shows the new one', async () => {
      configure({})
      const { shop, run } = await start('drifted')
      expect(JSON.parse(await planOf(run.runId)).tools).toBeUndefined()
      configure({ pgDump: inContainer('pg_dump') })
      const answer = await approve(at, run.runId, key)
      const { reason, message } = jsonOf<{ error: ErrorJson }>(answer).error
      expect([answer.code, reason]).toEqual([3, 'DRIFT'])
      expect(message).toContain('pgDump was the one of a trusted folder and is')
      expect(JSON.parse(await planOf(run.runId)).tools).toMatchObject([{ id: 'pgDump' }])
      expect(await stateOf(shop)).toEqual(UNTOUCHED)
      expect(jsonOf(await approve(at, run.runId, key)).outcome).toBe('succeeded')
    })

    test('an approval is refused while others could replace the script of the command', async () => {
      configure({ pgDump: inContainer('pg_dump') })
      const { shop, run } = await start('replaceable')
      execFileSync('chmod', ['777', container])
      const answer = await approve(at, run.runId, key)
      execFileSync('chmod', ['644', container])
      expect(jsonOf<{ error: ErrorJson }>(answer).error.reason).toBe('FILES_UNSAFE')
      expect(answer.stderr).toContain(container)
      expect(await stateOf(shop)).toEqual(UNTOUCHED)
    })
  },
)

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { CutterError } from '../../domain/errors.ts'
import type { Connect } from './connections.ts'

/**
 * Schema migrations of a store: files `NNNN_name.sql`, applied in the order of their numbers, each once, forward only. The owner of the schema
 * applies them. The service logs in as another role, which gets the rights that it needs and no others.
 */

/** What the service's role may do beyond reading and appending: edit what a run is now, and what waits. */
const GRANTS = [
  'grant usage on schema cutter_store to',
  'grant select on all tables in schema cutter_store to',
  `grant insert on cutter_store.runs, cutter_store.start_keys, cutter_store.history, cutter_store.effects, cutter_store.timers,
    cutter_store.approvals, cutter_store.evidence, cutter_store.run_evidence, cutter_store.closeout_signatures,
    cutter_store.execution_switch, cutter_store.holds, cutter_store.machine_modules, cutter_store.tokens, cutter_store.outbox to`,
  `grant update (version, definition_digest, updated_at, worked_ms, seq, status, state, phase, stop_code, stop, outcome, gate, gate_seq,
    gate_head, plan_digest, output, snapshot, snapshot_digest, head, waits_since) on cutter_store.runs to`,
  'grant update, delete on cutter_store.effects, cutter_store.outbox to',
  'grant delete on cutter_store.timers to',
  'grant update (signature, imported_at, used_seq, used_at) on cutter_store.approvals to',
  'grant update (path) on cutter_store.machine_modules to',
  'grant update (revoked_at, revoked_by, last_used_at) on cutter_store.tokens to',
  'grant insert, update on cutter_store.hosts to',
  'grant execute on function cutter_store.prune_run(json) to',
]

/** A number of Cutter's own, by which migrations of several hosts come one after another. */
const LOCK = 'select pg_catalog.pg_advisory_xact_lock(2814, 0)'

/** The migrations that a folder has, in their order. */
export function knownMigrations(folder: string): { version: number; file: string }[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}_.+\.sql$/.test(name))
  return names.sort().map((name) => ({ version: Number(name.slice(0, 4)), file: join(folder, name) }))
}

/** The number of the last migration that was applied; 0 where none was. */
export async function versionOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ is_there: boolean }>(
    `select pg_catalog.to_regclass('cutter_store.versions') is not null as is_there`,
  )
  if (!rows[0]!.is_there) return 0
  const found = await client.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from cutter_store.versions',
  )
  return found.rows[0]!.version
}

/**
 * Applies what is missing as the owner, in one transaction, and grants `role` what a service needs. Repeating it changes nothing.
 * @throws STORE_NEWER when a newer Cutter wrote the store, CONFIG_INVALID when `role` is the owner
 */
export async function migrate(connectOwner: Connect, folder: string, role: string): Promise<void> {
  const client = await connectOwner()
  try {
    await client.query('begin')
    await client.query(LOCK)
    const version = await versionOf(client)
    assertKnown(version, folder)
    if (version === 0) await client.query('create schema if not exists cutter_store')
    for (const { version: next, file } of knownMigrations(folder)) {
      if (next <= version) continue
      await client.query(readFileSync(file, 'utf8'))
      await client.query('insert into cutter_store.versions (version) values ($1)', [next])
    }
    for (const grant of GRANTS) await client.query(`${grant} ${client.escapeIdentifier(role)}`)
    await client.query('commit')
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** @throws STORE_NEWER */
export function assertKnown(version: number, folder: string): void {
  const newest = knownMigrations(folder).at(-1)!.version
  if (version <= newest) return
  throw new CutterError(
    'STORE_NEWER',
    `the store’s database was written by a newer Cutter (store version ${version}, this one knows ${newest}); nothing was changed`,
    { next: 'use the newer Cutter on this host too' },
  )
}

import type pg from 'pg'
import { type EmbeddedServer, openEmbedded } from '../../../src/targets/embedded/open-embedded.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { aHome, clean } from '../embedded/embedded-homes.ts'

/** An embedded server with two tables and two roles, for tests of sessions. */
export interface SessionServer {
  url: string
  /** The server's URL with other parts. */
  urlWith(parts: {
    username?: string
    password?: string
    pathname?: string
    port?: string
    hostname?: string
  }): string
  /** Runs SQL as the superuser, in a session of its own. */
  asSuperuser(sql: string): Promise<pg.QueryResult>
  /** Releases the server. Returns the pids of servers that still ran. */
  stop(): Promise<number[]>
}

export const SESSION = { applicationName: 'test' }

export async function startSessionServer(): Promise<SessionServer> {
  const server: EmbeddedServer = await openEmbedded(aHome())
  const url = server.url('postgres', 'postgres')
  const asSuperuser = (sql: string) =>
    withSession(url, SESSION, async (client) => {
      await client.query('set search_path to default')
      return client.query(sql)
    })
  await asSuperuser(`
    create table public.note (id int primary key, text text);
    create table public.child (id int references public.note deferrable initially deferred);
    create role plain login password 'a-password';
    create role barred nologin password 'a-password'`)
  return {
    url,
    urlWith: (parts) => Object.assign(new URL(url), parts).href,
    asSuperuser,
    async stop() {
      await server.release()
      return clean()
    },
  }
}

/** The error with which a promise is rejected. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error) => error,
  )
}

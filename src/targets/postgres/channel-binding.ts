import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type pg from 'pg'

/** The part of the driver that reads the messages of a server. Each kind of login is an event. */
interface Wire extends EventEmitter {
  stream: Duplex
}

/** Logins that prove nothing about the channel. */
const UNBOUND = ['authenticationCleartextPassword', 'authenticationMD5Password', 'authenticationOk']

/**
 * Lets a client log in only where both sides prove that they are the ends of one encrypted channel. The driver itself takes every login that a
 * server offers, as libpq does with `channel_binding=prefer`. Call it before the client connects: a server that offers another login gets no password.
 */
export function requireChannelBinding(client: pg.Client): void {
  const wire = (client as unknown as { connection: Wire }).connection
  let bound = false
  const refuse = () => {
    if (bound) return
    wire.stream.destroy(
      new Error('the server does not bind the login to the channel, which channel_binding=require asks for'),
    )
  }
  for (const login of UNBOUND) wire.on(login, refuse)
  wire.on('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
    bound = mechanisms.includes('SCRAM-SHA-256-PLUS')
    refuse()
  })
}

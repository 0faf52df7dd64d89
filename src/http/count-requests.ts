import type { TokenScope } from '../domain/token.ts'
import type { Service } from '../service/serve.ts'
import type { Context } from './hono.ts'

/**
 * Counts a request by the address of its caller, before anything of it is read. Returns the address; null on the unix socket.
 * @param hosts as of `createApp`
 * @throws TooMany
 */
export async function countAddress(
  { limits, network }: Service,
  hosts: Set<string> | null,
  context: Context,
): Promise<string | null> {
  const address = hosts === null ? null : addressOf(context, network)
  await limits.ofAddress(address)
  return address
}

/**
 * Finds out who calls, and counts the request by its token, or by its address where the token does not count.
 * @throws TOKEN_REFUSED, TooMany
 */
export async function countCaller(
  { limits }: Service,
  address: string | null,
  authenticate: () => Promise<TokenScope>,
): Promise<TokenScope> {
  const caller = await authenticate().catch(async (error: unknown) => {
    await limits.refused(address)
    throw error
  })
  await limits.ofToken(caller.name)
  return caller
}

/**
 * The address of whoever called. Each proxy adds the address that it saw at the end of `X-Forwarded-For`; what stands before those of the trusted
 * ones anybody may have written, and so may all of it where the connection is not one of a trusted proxy.
 */
function addressOf({ env, req }: Context, { hops, isProxy }: Service['network']): string {
  const { incoming } = env as { incoming?: { socket?: { remoteAddress?: string } } }
  const own = incoming?.socket?.remoteAddress ?? ''
  const given = (req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim())
  return (hops === 0 || !isProxy(own) ? undefined : given.at(-hops)) || own
}

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** How much of a service one caller may take. */
export interface Limits {
  /** Requests of one address in a minute, with or without a token. */
  requestsByAddress: number
  /** Requests with one token in a minute. */
  requestsByToken: number
  /** Requests of one address in a minute whose token does not count. */
  refusedByAddress: number
  streamsByToken: number
  streams: number
}

export const LIMITS: Limits = {
  requestsByAddress: 12_000,
  requestsByToken: 6_000,
  refusedByAddress: 60,
  streamsByToken: 250,
  streams: 1_000,
}

/** Seconds until a caller may ask again. */
export class TooMany extends Error {
  readonly seconds: number
  constructor(what: string, seconds: number) {
    super(what)
    this.seconds = seconds
  }
}

/** Counts what callers take, in the memory of this process. */
export interface RateLimits {
  /**
   * Counts a request of an address, before anything of it is read. Null for the unix socket, whose callers are known by their tokens.
   * @throws TooMany
   */
  ofAddress(address: string | null): Promise<void>
  /** Counts a request of an address whose token did not count. */
  refused(address: string | null): Promise<void>
  /**
   * Counts a request with a token.
   * @throws TooMany
   */
  ofToken(name: string): Promise<void>
  /**
   * Counts a stream that is opened. Returns what ends it, which may be called again.
   * @throws TooMany
   */
  openStream(name: string): () => void
}

/** Creates the limits of one service. */
export function createRateLimits(limits: Limits = LIMITS): RateLimits {
  const perMinute = (points: number) => new RateLimiterMemory({ points, duration: 60 })
  const addresses = perMinute(limits.requestsByAddress)
  const refusals = perMinute(limits.refusedByAddress)
  const tokens = perMinute(limits.requestsByToken)
  const streams = new Map<string, number>()
  let open = 0
  return {
    async ofAddress(address) {
      if (address === null) return
      const refused = await refusals.get(address)
      if (refused !== null && refused.consumedPoints > limits.refusedByAddress)
        throw tooMany(refused, 'too many requests with tokens that do not count')
      await take(addresses, address, 'too many requests from this address')
    },
    async refused(address) {
      if (address !== null) await refusals.penalty(address)
    },
    ofToken: (name) => take(tokens, name, `too many requests with the token ${name}`),
    openStream(name) {
      const own = streams.get(name) ?? 0
      if (own >= limits.streamsByToken) throw new TooMany(`too many open streams of the token ${name}`, 5)
      if (open >= limits.streams) throw new TooMany('too many open streams', 5)
      streams.set(name, own + 1)
      open += 1
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        open -= 1
        const left = streams.get(name)! - 1
        if (left === 0) streams.delete(name)
        else streams.set(name, left)
      }
    },
  }
}

async function take(limiter: RateLimiterMemory, key: string, what: string): Promise<void> {
  await limiter.consume(key).catch((reason: unknown) => {
    throw reason instanceof RateLimiterRes ? tooMany(reason, what) : reason
  })
}

const tooMany = ({ msBeforeNext }: RateLimiterRes, what: string) =>
  new TooMany(what, Math.max(1, Math.ceil(msBeforeNext / 1_000)))

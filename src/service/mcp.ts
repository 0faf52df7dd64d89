import { homeOfCaller } from '../app/home-of-caller.ts'
import type { Home } from '../app/open-home.ts'
import type { TokenScope } from '../domain/token.ts'
import { authenticate } from './access/authenticate.ts'
import { createBoundedWork } from './access/bounded-work.ts'
import type { AgentCall, TouchedStep } from './agents/agent-call.ts'
import type { SecretRegistry } from './redact.ts'

/** Agents that this process works for, where no service does. */
export interface Agents {
  /**
   * Finds out who asks, and opens the home for one call.
   * @throws TOKEN_REFUSED
   */
  call(): Promise<AgentCall>
  /** Waits until nothing is at work. */
  idle(): Promise<void>
}

export interface AgentsOptions {
  /** Label of the operator. */
  by?: string | undefined
  /** What is known of secrets. */
  secrets: SecretRegistry
  /** Gets the error of work that nobody waits for any more. */
  failed(error: unknown): void
}

/**
 * Works for agents as a service does for its callers. With CUTTER_TOKEN the operator is the name of that token, and its role and scope count;
 * else it is whoever runs this process, as in every command.
 */
export function openAgents(home: Home, { by, secrets, failed }: AgentsOptions): Agents {
  const { store } = home
  const work = createBoundedWork({ store }, failed)
  return {
    async call() {
      const touched: TouchedStep[] = []
      const caller = await findCaller(home)
      const own = homeOfCaller(
        home,
        { caller, through: 'mcp' },
        { onStep: ({ runId }, { seq, event }) => void touched.push({ runId, seq, event: event.type }) },
      )
      return {
        home: own,
        ...(caller === null ? { by } : {}),
        touched,
        page: null,
        redact: secrets.redactWords,
        async works(task, seconds) {
          const run = await work.answer(task, seconds, () => touched[0]?.runId ?? null)
          if (run.status !== 'working') await (await home.app()).writeReports()
          return run
        },
      }
    },
    idle: work.idle,
  }
}

async function findCaller({ store, env }: Home): Promise<TokenScope | null> {
  const token = env.CUTTER_TOKEN ?? ''
  if (token === '') return null
  return authenticate({ store, owner: null }, `Bearer ${token}`, new Date())
}

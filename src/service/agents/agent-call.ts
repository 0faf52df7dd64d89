import type { Home } from '../../app/open-home.ts'
import type { Service } from '../serve.ts'

/** A step that was saved during a call. */
export interface TouchedStep {
  runId: string
  seq: number
  event: string
}

/** What one call of an agent works with. */
export interface AgentCall {
  /** The home as the agent reaches it: its token, or whoever runs this process. */
  home: Home
  /** Label of the operator where no token names one. */
  by?: string | undefined
  /** Answers with a run when the work on it ends, or as it is after so many seconds. The work continues then. */
  works: ReturnType<Service['worksFor']>
  /** What the call changed so far, refusals included. */
  touched: TouchedStep[]
  /** The address of the page of the service, without a path; null where no service runs. */
  page: string | null
  /** Removes secrets from what is answered. */
  redact<T>(value: T): T
}

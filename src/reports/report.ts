import type { Json } from '../domain/json.ts'
import type { StoredRun } from '../store/run-store.ts'

/** A report as people read it (`markdown`) and as programs read it (`facts`): the same facts. */
export interface Report {
  /** The name of the file without its ending: `03-cutplan`, `06-approval-request-SG1`, `closeout`. */
  name: string
  facts: { [key: string]: Json }
  markdown: string
}

export interface GateRules {
  /** Principals who may approve. Without it everybody whom `allowed_signers` lists may. */
  of?: string[] | undefined
  need?: number | undefined
  validHours: number
  fourEyes?: boolean | undefined
}

export interface ReportInput {
  record: StoredRun
  /** The rules of a gate as they are now, for a gate at which none were recorded. */
  rules(gate: string): GateRules
  /** The path of the file that lists the keys of the approvers. */
  allowedSigners: string
}

import { CutterError } from '../../domain/errors.ts'
import { type CommonOptions, command } from '../session.ts'

interface PlanFlags extends CommonOptions {
  format: 'json' | 'markdown'
  page?: number
  pageSize: number
}

/**
 * As JSON: the plan's canonical bytes, without a final newline, so that their SHA-256 is `planDigest`. As Markdown: what they mean,
 * for people.
 */
export function runPlan(text: string, options: PlanFlags) {
  return command(options, async ({ store, known }) => {
    const { format, page = null, pageSize } = options
    if (options.json === true && format === 'markdown') {
      throw new CutterError('USAGE', '--json and --format markdown ask for two things', {
        next: 'cutter run plan <run> --format markdown',
      })
    }
    const run = await known(text)
    if (run.planDigest === null) {
      throw new CutterError('INPUT_REFUSED', `run ${run.runId} has no plan yet, in ${run.state}`, {
        next: `cutter run show ${run.runId}`,
      })
    }
    if (format === 'json') process.stdout.write((await store.evidence(run.planDigest))!)
    else {
      const { renderRunPlan } = await import('../../service/runs/readable-plan.ts')
      process.stdout.write(await renderRunPlan(store, run, { page, pageSize }))
    }
    return 0
  })
}

import * as chart from '../machine/chart.ts'

/**
 * `planOf` as users' modules get it: modules are stripped of their types, so that its arguments may be anything.
 * @throws TypeError when there is no gate or no plan
 */
export const planOf: typeof chart.planOf = (gate, plan, facts = {}) => {
  for (const [what, value] of Object.entries({ plan, facts })) {
    if (typeof gate !== 'string' || typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TypeError(
        `planOf takes the name of a gate, the plan and facts, both as objects: planOf('SG1', { … }, { … }); the ${typeof gate === 'string' ? what : 'gate'} is none`,
      )
  }
  return chart.planOf(gate, plan, facts)
}

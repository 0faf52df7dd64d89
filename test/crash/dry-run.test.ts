import { type KillPoint, testKillPoints } from './kill-points.ts'

// A dry run that is killed in each phase, after its result and before the step is saved; in a write phase, after its simulation.

const next: [phase: string, ran: 'execute' | 'simulate'][] = [
  ['source_pin', 'execute'],
  ['mark', 'execute'],
  ['cutplan', 'execute'],
  ['pre_write_backup', 'execute'],
  ['grant_probe', 'execute'],
  ['recheck_cut', 'execute'],
  ['cut_leg_a', 'simulate'],
  ['structural_verify', 'execute'],
  ['leg_b_record', 'simulate'],
  ['write_verify', 'simulate'],
  ['recheck_lifecycle', 'execute'],
  ['lifecycle_enact', 'simulate'],
  ['closeout', 'execute'],
]

testKillPoints(
  'dry-run',
  next.map(([phase, ran]): KillPoint => ({ where: phase, point: 'done', phase, ran })),
)

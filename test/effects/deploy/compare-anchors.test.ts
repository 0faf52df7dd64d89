import { describe, expect, test } from 'vitest'
import {
  compareAnchors,
  WATCHED_PARTS,
  type WatchRules,
} from '../../../src/effects/deploy/compare-anchors.ts'
import type { Anchors } from '../../../src/effects/deploy/host-survey.ts'

const OWN = `${'a'.repeat(64)}  -`

describe('compareAnchors', () => {
  const anchor = {
    path: '/srv/a',
    present: true,
    treeHash: 'h',
    shapeHash: 's',
    files: 1,
    owner: 'o',
    modifiedAt: '1',
    gitHead: '',
    gitClean: '',
    unread: '',
  }
  const before: Anchors = {
    previous: [anchor],
    listing: ['a\td 755 1000 0'],
    system: {
      services: ['s enabled'],
      'running-services': ['r'],
      timers: [],
      'user-units': [],
      crontab: [OWN, 'logrotate'],
      containers: [],
      'listening-ports': ['tcp :22'],
    },
  }
  const none: WatchRules = { watch: [], tolerate: [], uid: '1000' }
  const changed = (changes: Partial<Anchors>, rules = none) =>
    compareAnchors(before, { ...before, ...changes }, rules)
  const system = (changes: Partial<Anchors['system']>, rules = none) =>
    changed({ system: { ...before.system, ...changes } }, rules)
  const nothing = { strict: [], warnings: [], tolerated: [] }

  /** One change of each part, which others may have caused. */
  const byOthers: [(typeof WATCHED_PARTS)[number], Partial<Anchors>][] = [
    ...(['services', 'running-services', 'timers', 'containers', 'listening-ports'] as const).map(
      (part): [(typeof WATCHED_PARTS)[number], Partial<Anchors>] => [
        part,
        { system: { ...before.system, [part]: [...before.system[part], 'more'] } },
      ],
    ),
    ['crontab', { system: { ...before.system, crontab: [OWN, 'logrotate', 'more'] } }],
    ['parent-listing', { listing: [...before.listing, 'more\td 755 1001 0'] }],
  ]

  test('finds nothing where nothing changed, and compares no part that one survey could not read', () => {
    expect(changed({})).toEqual(nothing)
    expect(system({ crontab: 'not available', timers: 'not available' })).toEqual(nothing)
  })

  test('a change of a previous version, of an own entry and of the own crontab is strict', () => {
    expect(changed({ previous: [{ ...anchor, treeHash: 'x' }] }).strict).toEqual([
      '/srv/a: treeHash was h, is x',
    ])
    expect(changed({ previous: [{ ...anchor, present: false }] }).strict).toEqual(['/srv/a is gone'])
    expect(changed({ listing: [] }).strict).toEqual([
      'the parent folder: gone: a d 755 1000 0 (tolerate: [parent-listing] accepts it)',
    ])
    const other = `${'b'.repeat(64)}  -`
    expect(system({ crontab: [other, 'logrotate'] }).strict).toEqual([
      `crontab: appeared: ${other} (tolerate: [crontab] accepts it)`,
      `crontab: gone: ${OWN} (tolerate: [crontab] accepts it)`,
    ])
  })

  test('a change of the own user’s units is strict, and one survey that lacks them compares nothing', () => {
    const line = './app.service'
    expect(system({ 'user-units': [line] }).strict).toEqual([
      `user-units: appeared: ${line} (tolerate: [user-units] accepts it)`,
    ])
    const { 'user-units': _, ...earlier } = before.system
    expect(changed({ system: earlier as Anchors['system'] })).toEqual(nothing)
  })

  test('the table of changes by others covers every part that others can change', () => {
    const parts = WATCHED_PARTS.filter((part) => part !== 'user-units')
    expect(new Set(byOthers.map(([part]) => part))).toEqual(new Set(parts))
  })

  test.each(byOthers)('a change of %s by others is a warning that names the key', (part, changes) => {
    const { warnings, ...rest } = changed(changes)
    expect(rest).toEqual({ strict: [], tolerated: [] })
    expect(warnings).toEqual([expect.stringContaining(`tolerate: [${part}] accepts it`)])
    expect(warnings[0]).toContain(': appeared: more')
  })

  test.each(byOthers)(
    'a change of %s fails where it is watched, and passes where it is tolerated',
    (part, changes) => {
      const watched = changed(changes, { ...none, watch: [part] })
      expect(watched).toEqual({ ...nothing, strict: [expect.stringContaining(': appeared: more')] })
      const tolerated = changed(changes, { ...none, tolerate: [part] })
      expect(tolerated).toEqual({ ...nothing, tolerated: [expect.stringContaining(': appeared: more')] })
    },
  )
})

import { describe, expect, test } from 'vitest'
import { type Anchors, compareAnchors } from '../../../src/effects/deploy/host-survey.ts'

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
    listing: ['a\td 755 0 0'],
    system: {
      services: ['s enabled'],
      'running-services': ['r'],
      timers: [],
      crontab: 'not available',
      containers: [],
      'listening-ports': ['tcp :22'],
    },
  }
  const changed = (changes: Partial<Anchors>) =>
    compareAnchors(before, { ...before, ...changes }, ['listening-ports'])
  const system = (changes: Partial<Anchors['system']>) =>
    changed({ system: { ...before.system, ...changes } })

  test('returns one line for each change, and none for what is the same', () => {
    expect(changed({})).toEqual({ strict: [], tolerated: [] })
    expect(changed({ previous: [{ ...anchor, treeHash: 'x' }] }).strict).toEqual([
      '/srv/a: treeHash was h, is x',
    ])
    expect(changed({ previous: [{ ...anchor, present: false }] }).strict).toEqual(['/srv/a is gone'])
    expect(changed({ listing: [] }).strict).toEqual(['the parent folder: gone: a d 755 0 0'])
    expect(system({ services: ['s disabled'] }).strict).toEqual([
      'services: appeared: s disabled',
      'services: gone: s enabled',
    ])
    expect(system({ containers: ['web nginx'] }).strict).toEqual(['containers: appeared: web nginx'])
  })

  test('returns a tolerated change apart, and compares no part that one survey could not read', () => {
    expect(system({ 'listening-ports': ['tcp :22', 'tcp :80'] })).toEqual({
      strict: [],
      tolerated: ['listening-ports: appeared: tcp :80'],
    })
    expect(system({ crontab: ['x'], timers: 'not available' })).toEqual({ strict: [], tolerated: [] })
  })
})

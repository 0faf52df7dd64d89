import { openOwners } from '../../src/locks/owners.ts'

// Becomes an owner in a home and lives until it is killed, or says whether another owner lives.
const [home = '', id] = process.argv.slice(2)

const owners = openOwners(home)
process.stdout.write(`${JSON.stringify(id === undefined ? owners.self() : owners.isAlive(id))}\n`)
if (id === undefined) setInterval(() => undefined, 60_000)

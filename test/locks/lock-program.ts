import { tryLock } from '../../src/locks/with-lock.ts'

// Takes a lock and holds it until it is killed.
const [file = ''] = process.argv.slice(2)

process.stdout.write(`${tryLock(file)}\n`)
setInterval(() => undefined, 60_000)

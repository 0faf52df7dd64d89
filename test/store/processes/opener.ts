import { openDatabase } from '../../../src/store/sqlite/open-database.ts'

// A process that opens a store's file on request and prints the result. Tests run it as another user, or several at once.
const [file = '', migrationsDirectory = ''] = process.argv.slice(2)

process.stdin.once('data', () => {
  try {
    const db = openDatabase({ file, migrationsDirectory })
    console.log(JSON.stringify({ opened: db.pragma('user_version', { simple: true }) }))
    db.close()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    console.log(JSON.stringify({ code: code ?? null, message }))
  }
  process.exit()
})
console.log('ready')

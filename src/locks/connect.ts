import Database from 'better-sqlite3'

/**
 * Everything that was ever opened or prepared, so that nothing becomes garbage. Node 24 from 24.19 on, and 26 from 26.4 on, aborts the
 * process when it collects an object of better-sqlite3 12 (nodejs/node issue 65446). The objects are few: each statement is prepared
 * once for each store, and a process opens one store. Remove this with better-sqlite3 13, which needs Node 22.
 */
const kept: unknown[] = []

/** Opens a connection whose objects live as long as the process. */
export function connect(file: string, options: Database.Options = {}): Database.Database {
  const db = new Database(file, options)
  const prepare = db.prepare.bind(db) as (source: string) => Database.Statement
  const keeping = (source: string) => {
    const statement = prepare(source)
    kept.push(statement)
    return statement
  }
  const pragma = (source: string, { simple = false }: Database.PragmaOptions = {}) => {
    const statement = keeping(`pragma ${source}`)
    if (statement.reader) return simple ? statement.pluck().get() : statement.all()
    statement.run()
    return simple ? undefined : []
  }
  kept.push(db)
  return Object.assign(db, { prepare: keeping, pragma })
}

/** SQLSTATEs, and classes of them, whose errors are no fault of a statement: the same statement succeeds once the server can. */
const OF_SERVER = /^(?:08|25006|25P0[34]|40|53|55006|55P03|57P|58|XX)/

/** Whether an error of a PostgreSQL server says nothing against the statement that met it. `sqlState` is its code. */
export const isFaultOfServer = (sqlState: string | undefined) => OF_SERVER.test(sqlState ?? '')

/** The words of SQL for a kind of statement that PostgreSQL's parser names, such as `ALTER TABLE` for `AlterTableStmt`. */
export function statementWords(kind: string): string {
  const known = WORDS[kind]
  if (known !== undefined) return known
  return kind
    .replace(/Stmt$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
}

/** Names that are not the words of their statement. The kinds of one parse node may have several. */
const WORDS: { [kind: string]: string | undefined } = {
  AlterDatabaseRefreshCollStmt: 'ALTER DATABASE REFRESH COLLATION VERSION',
  AlterDatabaseSetStmt: 'ALTER DATABASE SET',
  AlterEnumStmt: 'ALTER TYPE',
  AlterEventTrigStmt: 'ALTER EVENT TRIGGER',
  AlterExtensionContentsStmt: 'ALTER EXTENSION ADD or DROP',
  AlterExtensionStmt: 'ALTER EXTENSION UPDATE',
  AlterFdwStmt: 'ALTER FOREIGN DATA WRAPPER',
  AlterForeignServerStmt: 'ALTER SERVER',
  AlterObjectDependsStmt: 'ALTER … DEPENDS ON EXTENSION',
  AlterObjectSchemaStmt: 'ALTER … SET SCHEMA',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  AlterOwnerStmt: 'ALTER … OWNER TO',
  AlterRoleSetStmt: 'ALTER ROLE SET',
  AlterSeqStmt: 'ALTER SEQUENCE',
  AlterStatsStmt: 'ALTER STATISTICS',
  AlterTSConfigurationStmt: 'ALTER TEXT SEARCH CONFIGURATION',
  AlterTSDictionaryStmt: 'ALTER TEXT SEARCH DICTIONARY',
  AlterTableMoveAllStmt: 'ALTER … ALL IN TABLESPACE',
  AlterTableSpaceOptionsStmt: 'ALTER TABLESPACE',
  CheckPointStmt: 'CHECKPOINT',
  ClosePortalStmt: 'CLOSE',
  CompositeTypeStmt: 'CREATE TYPE',
  ConstraintsSetStmt: 'SET CONSTRAINTS',
  CreateAmStmt: 'CREATE ACCESS METHOD',
  CreateEnumStmt: 'CREATE TYPE',
  CreateEventTrigStmt: 'CREATE EVENT TRIGGER',
  CreateFdwStmt: 'CREATE FOREIGN DATA WRAPPER',
  CreateForeignServerStmt: 'CREATE SERVER',
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  CreatePLangStmt: 'CREATE LANGUAGE',
  CreateRangeStmt: 'CREATE TYPE',
  CreateSeqStmt: 'CREATE SEQUENCE',
  CreateStatsStmt: 'CREATE STATISTICS',
  CreateStmt: 'CREATE TABLE',
  CreateTableAsStmt: 'CREATE TABLE AS or MATERIALIZED VIEW',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreatedbStmt: 'CREATE DATABASE',
  DeclareCursorStmt: 'DECLARE',
  DefineStmt: 'CREATE AGGREGATE, OPERATOR, TYPE or another object',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  DropdbStmt: 'DROP DATABASE',
  GrantRoleStmt: 'GRANT or REVOKE of a role',
  GrantStmt: 'GRANT or REVOKE',
  IndexStmt: 'CREATE INDEX',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  RenameStmt: 'ALTER … RENAME',
  RuleStmt: 'CREATE RULE',
  SecLabelStmt: 'SECURITY LABEL',
  TransactionStmt: 'BEGIN, COMMIT or another command of transactions',
  VacuumStmt: 'VACUUM or ANALYZE',
  VariableSetStmt: 'SET or RESET',
  VariableShowStmt: 'SHOW',
  ViewStmt: 'CREATE VIEW',
}

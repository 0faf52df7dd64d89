-- Where the modules of users' own machines lie, so that a run that is taken up again finds the one that it was started from.
-- What a module holds is not trusted by its path: the run's definition digest covers its source.

create table machine_modules (
  name        text not null primary key,
  path        text not null,
  started_at  text not null
) strict, without rowid;

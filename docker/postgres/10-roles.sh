#!/bin/bash
# Run once by the PostgreSQL image, when its volume is empty: the portal's two roles and two databases.
set -euo pipefail
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `cat /run/secrets/postgres_tzc`
\set reader `cat /run/secrets/postgres_tzc_reader`
CREATE ROLE tzc LOGIN PASSWORD :'owner';
CREATE ROLE tzc_reader LOGIN PASSWORD :'reader';
CREATE DATABASE tzc OWNER tzc ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE tzc_datastore OWNER tzc ENCODING 'UTF8' TEMPLATE template0;
SQL

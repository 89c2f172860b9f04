"""Where each volunteer sets out from, as a point that an index can order by distance.

Revision: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Trusted, like the others.
    op.execute("CREATE EXTENSION IF NOT EXISTS cube")
    op.execute("""
CREATE FUNCTION on_globe(latitude double precision, longitude double precision) RETURNS cube
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN cube(ARRAY[
    cos(radians(latitude)) * cos(radians(longitude)),
    cos(radians(latitude)) * sin(radians(longitude)),
    sin(radians(latitude))
  ])
""")
    op.execute("ALTER TABLE volunteer ADD COLUMN home cube")
    op.execute("""
CREATE FUNCTION find_home() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
  SELECT on_globe(coalesce(NEW.latitude, seat.latitude), coalesce(NEW.longitude, seat.longitude))
  INTO NEW.home FROM kabupaten AS seat WHERE seat.code = NEW.kabupaten_code;
  RETURN NEW;
END'
""")
    op.execute("""
CREATE TRIGGER volunteer_home BEFORE INSERT OR UPDATE OF latitude, longitude, kabupaten_code ON volunteer
  FOR EACH ROW EXECUTE FUNCTION find_home()
""")
    op.execute("""
CREATE FUNCTION move_homes() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN
  UPDATE volunteer SET latitude = NULL WHERE kabupaten_code = NEW.code AND latitude IS NULL;
  RETURN NULL;
END'
""")
    op.execute("""
CREATE TRIGGER kabupaten_seat AFTER UPDATE OF latitude, longitude ON kabupaten
  FOR EACH ROW EXECUTE FUNCTION move_homes()
""")
    op.execute("UPDATE volunteer SET latitude = latitude")
    # Within the transaction, so that a start finds the index or no column: seconds for a million volunteers.
    op.execute("""
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_volunteer_kabupaten_code_home ON volunteer USING gist (kabupaten_code, home)
""")


def downgrade() -> None:
    op.drop_index("ix_volunteer_kabupaten_code_home", "volunteer")
    op.execute("DROP TRIGGER kabupaten_seat ON kabupaten")
    op.execute("DROP TRIGGER volunteer_home ON volunteer")
    op.execute("DROP FUNCTION move_homes()")
    op.execute("DROP FUNCTION find_home()")
    op.execute("ALTER TABLE volunteer DROP COLUMN home")
    op.execute("DROP FUNCTION on_globe(double precision, double precision)")

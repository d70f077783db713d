"""What Alembic runs: the migrations, on the connection it is given."""

from alembic import context

from app.adapters.sql.tables import belongs, metadata


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=belongs(context.config.attributes["connection"].dialect.name),
    # SQLite changes a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

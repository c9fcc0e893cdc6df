// Another program at a SQLite file: runs each statement that its parent sends, and answers with the first
// column of the first row, or null. It ends with its parent.
import Database from './sqlite.mjs';

const database = new Database(process.argv[2], { fileMustExist: true });
process.on('message', (sql) => {
  const statement = database.prepare(sql);
  process.send(statement.reader ? statement.pluck().get() : (statement.run(), null));
});
process.on('disconnect', () => process.exit());

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useBoard } from "./use-board.js";

const { url } = document.querySelector("#root").dataset;

function Board({ region }) {
  const { board, error } = useBoard({ url, region });
  return (
    <>
      {error && <p role="status">{error.message}</p>}
      <ol>
        {board?.entries.map(({ user_id, region: home, name, score }) => (
          <li key={`${home} ${user_id}`}>
            {name} <b>{score.toLocaleString()}</b>
          </li>
        ))}
      </ol>
    </>
  );
}

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <Board region="EU" />
  </StrictMode>,
);

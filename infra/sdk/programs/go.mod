module example.org/game

go 1.24

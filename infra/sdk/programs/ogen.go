package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"example.org/game/lb"
)

// token is the player's own, once there is one.
type token struct{ value string }

func (t *token) Bearer(context.Context, lb.OperationName) (lb.Bearer, error) {
	return lb.Bearer{Token: t.value}, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	own := &token{}
	client := must(lb.NewClient(os.Getenv("LEADERBOARD_URL"), own))
	userID := fmt.Sprintf("ogen-%d", time.Now().UnixNano())
	session := must(client.Register(ctx, &lb.RegisterBody{UserID: userID, Name: "Ada", Region: "EU"}, lb.RegisterParams{}))
	own.value = session.(*lb.SessionHeaders).Response.Token

	entry := must(client.SubmitScore(ctx, &lb.SubmitScoreBody{Score: 1<<53 - 1}, lb.SubmitScoreParams{}))
	fmt.Printf("submitted %.0f\n", entry.(*lb.WrittenEntryHeaders).Response.Score)
	rank := must(client.GetRank(ctx, lb.GetRankParams{UserId: userID, Ties: lb.NewOptGetRankTies(lb.GetRankTiesShared)}))
	fmt.Printf("rank %d of %.0f\n", rank.(*lb.RankHeaders).Response.Rank, rank.(*lb.RankHeaders).Response.Score)
	top := must(client.GetTop(ctx, lb.GetTopParams{}))
	fmt.Printf("top %.0f\n", top.(*lb.TopHeaders).Response.Entries[0].Score)
	board := must(client.ReadBoard(ctx, lb.ReadBoardParams{Board: "main"})).(*lb.BoardHeaders).Response
	bounds := map[bool]string{true: "none", false: "some"}[board.Bounds.Null]
	fmt.Printf("board %s, bounds %s\n", board.ID, bounds)
	absent := must(client.GetRank(ctx, lb.GetRankParams{UserId: "nobody"})).(*lb.GetRankNotFoundHeaders).Response
	fmt.Printf("%d %s\n", absent.Status, absent.Code)
	beyond := must(client.AddScore(ctx, &lb.AddScoreBody{Delta: 1}, lb.AddScoreParams{})).(*lb.AddScoreUnprocessableEntityHeaders).Response
	fmt.Printf("%d %s\n", beyond.Status, beyond.Code)
}

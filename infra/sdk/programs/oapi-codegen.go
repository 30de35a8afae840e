package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.org/game/lb"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	client, err := lb.NewClientWithResponses(os.Getenv("LEADERBOARD_URL"))
	must(err)
	userId := fmt.Sprintf("oapi-%d", time.Now().UnixNano())
	session, err := client.RegisterWithResponse(ctx, nil, lb.RegisterJSONRequestBody{UserId: userId, Name: "Ada", Region: "EU"})
	must(err)
	own := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+session.JSON201.Token)
		return nil
	}

	entry, err := client.SubmitScoreWithResponse(ctx, nil, lb.SubmitScoreJSONRequestBody{Score: 1<<53 - 1}, own)
	must(err)
	fmt.Printf("submitted %.0f\n", entry.JSON200.Score)
	rank, err := client.GetRankWithResponse(ctx, userId, nil)
	must(err)
	ties := lb.GetRankParamsTies("shared")
	rank, err = client.GetRankWithResponse(ctx, userId, &lb.GetRankParams{Ties: &ties})
	must(err)
	fmt.Printf("rank %d of %.0f\n", rank.JSON200.Rank, rank.JSON200.Score)
	top, err := client.GetTopWithResponse(ctx, nil)
	must(err)
	fmt.Printf("top %.0f\n", top.JSON200.Entries[0].Score)
	board, err := client.ReadBoardWithResponse(ctx, "main", nil)
	must(err)
	bounds := map[bool]string{true: "none", false: "some"}[board.JSON200.Bounds == nil]
	fmt.Printf("board %s, bounds %s\n", board.JSON200.Id, bounds)
	absent, err := client.GetRankWithResponse(ctx, "nobody", nil)
	must(err)
	fmt.Printf("%d %s\n", absent.ApplicationproblemJSON404.Status, absent.ApplicationproblemJSON404.Code)
	beyond, err := client.AddScoreWithResponse(ctx, nil, lb.AddScoreJSONRequestBody{Delta: 1}, own)
	must(err)
	fmt.Printf("%d %s\n", beyond.ApplicationproblemJSON422.Status, beyond.ApplicationproblemJSON422.Code)
}

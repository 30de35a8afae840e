import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.BoardsApi;
import org.openapitools.client.api.PlayersApi;
import org.openapitools.client.api.ScoresApi;
import org.openapitools.client.model.AddScoreBody;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.RegisterBody;
import org.openapitools.client.model.SubmitScoreBody;

public class Main {
    interface Call {
        void run() throws ApiException;
    }

    static final ApiClient client = new ApiClient();

    static void refuse(Call call) throws Exception {
        try {
            call.run();
        } catch (ApiException error) {
            Problem problem = client.getObjectMapper().readValue(error.getResponseBody(), Problem.class);
            System.out.println(problem.getStatus() + " " + problem.getCode());
        }
    }

    public static void main(String[] arguments) throws Exception {
        client.updateBaseUri(System.getenv("LEADERBOARD_URL"));
        var boards = new BoardsApi(client);
        var scores = new ScoresApi(client);
        String userId = "java-" + System.nanoTime();
        var session = new PlayersApi(client).register(new RegisterBody().userId(userId).name("Ada").region("EU"), null);
        var own = Map.of("Authorization", "Bearer " + session.getToken());

        var entry = scores.submitScore(new SubmitScoreBody().score(9007199254740991.0), null, null, own);
        System.out.printf("submitted %.0f%n", entry.getScore());
        var rank = boards.getRank(userId, null, null, null, null, "shared", null, null, null);
        System.out.printf("rank %d of %.0f%n", rank.getRank(), rank.getScore());
        var top = boards.getTop(null, null, null, null, null, null, 1, null, null, null, null);
        System.out.printf("top %.0f%n", top.getEntries().get(0).getScore());
        var board = boards.readBoard("main", null);
        System.out.println("board " + board.getId() + ", bounds " + (board.getBounds() == null ? "none" : "some"));
        refuse(() -> boards.getRank("nobody", null, null, null, null, null, null, null, null));
        refuse(() -> scores.addScore(new AddScoreBody().delta(1.0), null, null, own));
    }
}
